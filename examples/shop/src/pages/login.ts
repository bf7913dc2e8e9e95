import { type Html, html } from '../html.ts'
import { demoLogins } from '../users.ts'

/** The form, again with the name and an error after a failed attempt. */
export function loginPage(failed?: { readonly name: string }): Html {
  const described = failed && html` aria-invalid="true" aria-describedby="login-error"`
  return html`<h1>Log in</h1>
${failed && html`<div class="note bad" id="login-error" role="alert"><p>There is no visitor with this name and password.</p></div>`}
<form method="post" action="/login">
<div class="field">
<label for="name">Name</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${failed?.name ?? ''}"${described}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}>
</div>
<p><button>Log in</button></p>
</form>
<section class="demo" aria-labelledby="demo">
<h2 id="demo">For this demonstration</h2>
${demoLogins.map(({ id, password }) => html`<p>Name <code>${id}</code>, password <code>${password}</code></p>`)}
</section>`
}
