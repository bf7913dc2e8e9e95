import { type Html, html, textOf } from '../html.ts'

/** What the head of every page says of the visitor. */
export interface Visitor {
  readonly name: string | undefined
  readonly itemsInCart: number
}

export interface Page {
  readonly title: string
  /** `undefined` where the session cannot be read, as on some error pages. */
  readonly visitor: Visitor | undefined
  readonly path: string
  readonly main: Html
}

export function layout({ title, visitor, path, main }: Page): string {
  const link = (to: string, text: string | Html) =>
    html`<a href="${to}"${path === to ? html` aria-current="page"` : undefined}>${text}</a>`
  const cart = html`Cart${visitor && html` <span>(${visitor.itemsInCart}<span class="hidden"> items</span>)</span>`}`
  return textOf(html`<!doctype html>
<html lang="en">
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
${visitor?.name === undefined ? html`<li>${link('/login', 'Log in')}</li>` : loggedIn(visitor.name)}
</ul>
</nav>
</div>
</header>
<main id="main" class="wrap" tabindex="-1">
${main}
</main>
<footer>
<p class="wrap">A demonstration of the Transient library. Nothing here is for sale.</p>
</footer>
</body>
</html>
`)
}

function loggedIn(name: string): Html {
  return html`<li class="who">Hello, ${name}</li>
<li><form method="post" action="/logout"><button class="text">Log out</button></form></li>`
}
