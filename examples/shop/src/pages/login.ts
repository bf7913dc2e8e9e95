import { type Html, html } from '../html.ts'
import { demoLogins, type User } from '../users.ts'

export interface LoginView {
  /** Who is logged in already. */
  readonly user?: User | undefined
  /** Where to go afterwards. */
  readonly next?: string | undefined
  /** What was in the form of an attempt that failed. */
  readonly failed?: { readonly name: string; readonly isRemembered: boolean }
}

export function loginPage({ user, next, failed }: LoginView, csrf: Html): Html {
  const described = failed && html` aria-invalid="true" aria-describedby="login-error"`
  return html`<h1>Log in</h1>
${user !== undefined && html`<p class="lead">You are logged in as ${user.name}. Log in here to be somebody else.</p>`}
${failed && html`<div class="note bad" id="login-error" role="alert"><p>There is no visitor with this name and password.</p></div>`}
<form method="post" action="/login" class="form">
${csrf}
${next !== undefined && html`<input type="hidden" name="next" value="${next}">`}
<div class="field">
<label for="name">Name</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${failed?.name ?? ''}"${described}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}>
</div>
<div class="check">
<input id="remember" name="remember" type="checkbox" value="yes"${failed?.isRemembered && html` checked`} aria-describedby="remember-hint">
<div>
<label for="remember">Remember me on this device</label>
<p class="hint" id="remember-hint">For a year, if you come by once a month. Not where others use the device, too.</p>
</div>
</div>
<p><button>Log in</button></p>
</form>
<section class="demo" aria-labelledby="demo">
<h2 id="demo">For this demonstration</h2>
${demoLogins.map(({ id, password }) => html`<p>Name <code>${id}</code>, password <code>${password}</code></p>`)}
<p class="hint">A password that somebody has changed is this one again after a day.</p>
</section>`
}
