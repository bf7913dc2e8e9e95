import type { Product } from '../catalogue.ts'
import { type Html, html } from '../html.ts'

export interface Words {
  readonly title: string
  readonly text: string
}

const words: Record<number, Words> = {
  403: {
    title: 'Please do that once more',
    text: 'The page you came from is older than your visit. Nothing was changed.',
  },
  404: { title: 'There is no such page', text: 'It may have been here once.' },
  409: {
    title: 'You were logged out meanwhile',
    text: 'Somebody, perhaps you in another window, ended this session. What you did last was not kept.',
  },
  413: { title: 'That was too much', text: 'The form you sent is larger than any the shop has.' },
  503: {
    title: 'The shop is out of breath',
    text: 'The storage of carts and logins does not answer. Please try again in a moment.',
  },
}
const theirs: Words = { title: 'That did not make sense', text: 'The shop could not read what your browser sent.' }
const ours: Words = { title: 'Something broke', text: 'It is our fault, not yours, and we have a note of it.' }

export function problemWords(status: number): Words {
  return words[status] ?? (status < 500 ? theirs : ours)
}

export function problemPage(status: number): Html {
  const { title, text } = problemWords(status)
  return html`<h1>${title}</h1>
<p class="lead">${text}</p>
<p><a href="/">Back to the pots</a></p>`
}

/** A form of another site. Nothing is asked of the visitor, who may not even know that there was one. */
export const foreignWords: Words = {
  title: 'That came from another site',
  text: 'A page that is not ours has tried to do something here in your name. Nothing was changed.',
}

export function foreignPage(): Html {
  const { title, text } = foreignWords
  return html`<h1>${title}</h1>
<p class="lead">${text}</p>
<p><a href="/">To the pots</a></p>`
}

/** A form that was refused, for the visitor to look at and send again: with it comes what it lacked. */
export interface Retry {
  readonly product: Product
  readonly quantity: number
}

export function refusedPage(retry: Retry | undefined, csrf: Html): Html {
  if (retry === undefined) return problemPage(403)
  const { product, quantity } = retry
  return html`<h1>${problemWords(403).title}</h1>
<p class="lead">The page you came from is older than your visit, so we would rather ask.</p>
<form method="post" action="/cart">
${csrf}
<input type="hidden" name="product" value="${product.id}">
<input type="hidden" name="quantity" value="${quantity}">
<p><button>Put ${quantity === 1 ? '' : `${quantity} × `}${product.name} in the cart</button></p>
</form>
<p><a href="/">Back to the pots</a></p>`
}

/** A visitor whose session has ended, and who sent a form of it. */
export function endedPage({ title, text }: Words): Html {
  return html`<h1>${title}</h1>
<p class="lead">${text}</p>
<p>What you did last was not done. <a href="/login">Log in</a>, or go <a href="/">back to the pots</a>.</p>`
}
