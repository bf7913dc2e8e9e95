import type { UserSession } from '@transient/core'
import { type Html, html } from '../html.ts'
import { shortestPassword, type User } from '../users.ts'

export interface AccountView {
  readonly user: User
  readonly devices: readonly UserSession[]
  /** The time of the page, in milliseconds since 1970. */
  readonly now: number
  /** Why the password was not changed. */
  readonly problem: string | undefined
}

export function accountPage({ user, devices, now, problem }: AccountView, csrf: Html): Html {
  const others = devices.filter(({ isCurrent }) => !isCurrent)
  return html`<h1>Your account, ${user.name}</h1>
<section aria-labelledby="devices">
<h2 id="devices">Where you are logged in</h2>
<ul class="devices">${[...devices].sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent)).map((one) => device(one, now, csrf))}</ul>
${
  others.length > 0
    ? html`<form method="post" action="/account/others/end">${csrf}<button>Log out everywhere else</button></form>`
    : html`<p class="quiet">You are logged in nowhere else.</p>`
}
</section>
<section aria-labelledby="change" class="apart">
<h2 id="change">Change your password</h2>
<p class="quiet">It logs you out everywhere else.</p>
<form method="post" action="/account/password" class="form">
${csrf}
<input class="hidden" name="name" value="${user.id}" autocomplete="username" tabindex="-1" aria-hidden="true" readonly>
${problem !== undefined && html`<p class="error" id="password-error" role="alert">${problem}</p>`}
<div class="field">
<label for="current">Present password</label>
<input id="current" name="current" type="password" autocomplete="current-password" required${problem !== undefined && html` aria-describedby="password-error"`}>
</div>
<div class="field">
<label for="next">New password</label>
<input id="next" name="next" type="password" autocomplete="new-password" minlength="${shortestPassword}" required aria-describedby="next-hint${problem !== undefined && ' password-error'}">
<p class="hint" id="next-hint">At least ${shortestPassword} characters.</p>
</div>
<p><button class="plain">Change password</button></p>
</form>
</section>`
}

function device({ handle, attributes, createdAt, lastSeenAt, isCurrent }: UserSession, now: number, csrf: Html): Html {
  const name = textOr(attributes['device'], 'A browser')
  const address = textOr(attributes['address'], undefined)
  return html`
<li class="device${isCurrent && ' current'}">
<div>
<h3>${name}${isCurrent && html` <span class="tag">This device</span>`}</h3>
<p>${isCurrent ? 'Active now' : html`Last seen ${when(lastSeenAt, now)}`}</p>
<p>Logged in ${when(createdAt, now)}${address !== undefined && html` from ${address}`}</p>
</div>
<form method="post" action="/account/devices/${handle}/end">${csrf}<button class="text">Log out<span class="hidden"> ${isCurrent ? 'here' : name}</span></button></form>
</li>`
}

function textOr<Other>(value: unknown, other: Other): string | Other {
  return typeof value === 'string' ? value : other
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const steps = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

function when(time: number, now: number): Html {
  const ago = now - time
  const step = steps.find(([, length]) => ago >= length)
  const words = step === undefined ? 'just now' : relative.format(-Math.floor(ago / step[1]), step[0])
  const iso = new Date(time).toISOString()
  return html`<time datetime="${iso}" title="${iso.slice(0, 16).replace('T', ' ')} UTC">${words}</time>`
}
