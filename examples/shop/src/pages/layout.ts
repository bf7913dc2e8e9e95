import { type Html, html, textOf } from '../html.ts'
import { type Theme, themes } from '../theme.ts'

/** What the head of every page says of the visitor. */
export interface Visitor {
  readonly name: string | undefined
  readonly itemsInCart: number
}

/** A line above the page, for this one time. */
export interface Note {
  readonly kind: string
  readonly title?: string
  readonly message: string
  /** It says why the visitor is logged out. */
  readonly isEnd?: boolean
}

export interface Page {
  readonly title: string
  readonly main: Html
  /** Without all that follows where the session cannot be asked, as on some error pages. */
  readonly path?: string
  readonly visitor?: Visitor | undefined
  readonly theme?: Theme | undefined
  /** What every form must hold. */
  readonly csrf?: Html
  readonly notes?: readonly Note[]
  /** The storage cannot be read: there are things to look at, and none to do. */
  readonly isBlind?: boolean
}

export function layout({ title, main, path, visitor, theme, csrf, notes = [], isBlind }: Page): string {
  const link = (to: string, text: string | Html) =>
    html`<a href="${to}"${path === to ? html` aria-current="page"` : undefined}>${text}</a>`
  const cart = html`Cart${visitor && html` <span>(${visitor.itemsInCart}<span class="hidden"> items</span>)</span>`}`
  return textOf(html`<!doctype html>
<html lang="en"${theme && html` data-theme="${theme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Kiln &amp; Kettle</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<div class="wrap">
<a class="brand" href="/">Kiln &amp; Kettle</a>
<nav aria-label="Shop">
<ul>
<li>${link('/', 'All pots')}</li>
<li>${link('/cart', cart)}</li>
${visitor?.name === undefined ? html`<li>${link('/login', 'Log in')}</li>` : loggedIn(link('/account', html`${visitor.name}<span class="hidden">: your account</span>`), csrf)}
</ul>
</nav>
</div>
</header>
<main id="main" class="wrap" tabindex="-1">
${isBlind && note({ kind: 'warning', message: 'We cannot reach carts and logins at the moment. You can look around; nothing of yours is lost.' })}
${notes.map(note)}
${main}
</main>
<footer>
<div class="wrap base">
<p>A demonstration of the Transient library. Nothing here is for sale.</p>
${path !== undefined && !isBlind && themeForm(theme, path, csrf)}
</div>
</footer>
</body>
</html>
`)
}

function note({ kind, title, message, isEnd }: Note): Html {
  const looks = kind === 'warning' ? 'note warn' : kind === 'error' ? 'note bad' : 'note'
  return html`<div class="${looks}" role="${kind === 'error' ? 'alert' : 'status'}"><p>${title !== undefined && html`<strong>${title}</strong> `}${message}${isEnd && html` <a href="/login">Log in</a>`}</p></div>
`
}

function loggedIn(account: Html, csrf: Html | undefined): Html {
  return html`<li>${account}</li>
<li><form method="post" action="/logout">${csrf}<button class="text">Log out</button></form></li>`
}

function themeForm(theme: Theme | undefined, path: string, csrf: Html | undefined): Html {
  const choices = [...themes, 'system'] as const
  return html`<form method="post" action="/theme" class="themes" aria-label="Colours">
${csrf}<input type="hidden" name="back" value="${path}">
${choices.map(
  (choice) =>
    html`<button class="text" name="theme" value="${choice}"${choice === (theme ?? 'system') ? html` aria-pressed="true"` : html` aria-pressed="false"`}>${choice === 'system' ? 'As the system' : choice === 'light' ? 'Light' : 'Dark'}</button>`,
)}
</form>`
}
