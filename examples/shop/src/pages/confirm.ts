import { type Html, html } from '../html.ts'
import type { User } from '../users.ts'

export interface ConfirmView {
  readonly user: User
  /** What was wrong with the last attempt. */
  readonly message: string | undefined
}

export function confirmPage({ user, message }: ConfirmView, csrf: Html): Html {
  const described = message !== undefined && html` aria-invalid="true" aria-describedby="confirm-error"`
  return html`<h1>Is it you?</h1>
<p class="lead">Your account is open for five minutes after you have typed your password. Please type it again, ${user.name}.</p>
<form method="post" action="/account/confirm" class="form">
${csrf}
<input class="hidden" name="name" value="${user.id}" autocomplete="username" tabindex="-1" aria-hidden="true" readonly>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}>
${message !== undefined && html`<p class="error" id="confirm-error" role="alert">${message}</p>`}
</div>
<p><button>Go on</button></p>
</form>`
}
