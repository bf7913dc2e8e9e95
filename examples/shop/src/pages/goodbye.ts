import { type Html, html } from '../html.ts'

export function goodbyePage(): Html {
  return html`<h1>You are logged out</h1>
<p class="lead">Nothing of yours is left on this device. The cart went with it; the colours you chose stay.</p>
<p><a href="/">Back to the pots</a></p>`
}
