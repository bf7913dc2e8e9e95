import { type CartLine, mostOfOne, totalOf } from '../cart.ts'
import { money } from '../catalogue.ts'
import { type Html, html } from '../html.ts'

export interface CartView {
  readonly lines: readonly CartLine[]
  /** Which line has a number that cannot be, what was typed, and why not. */
  readonly problem?: { readonly id: string; readonly typed: string; readonly message: string } | undefined
}

export function cartPage(view: CartView, csrf: Html): Html {
  const { lines } = view
  if (lines.length === 0)
    return html`<h1>Your cart is empty</h1>
<p><a href="/">Look at the pots</a></p>`
  // The roles are what the elements have by nature, and lose on narrow screens, where they are laid out as no table.
  return html`<h1>Your cart</h1>
<table class="lines" role="table">
<caption class="hidden">What is in your cart</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Pot</th><th role="columnheader" scope="col">How many</th><th role="columnheader" scope="col" class="amount">Price</th><th role="columnheader" scope="col"><span class="hidden">Remove</span></th></tr></thead>
<tbody role="rowgroup">${lines.map((line) => row(line, view, csrf))}</tbody>
<tfoot role="rowgroup"><tr role="row"><th role="rowheader" scope="row" colspan="2">Together</th><td role="cell" class="amount price">${money(totalOf(lines))}</td><td role="cell"></td></tr></tfoot>
</table>
<p class="more"><a href="/">Look for more</a></p>`
}

function row({ product, quantity }: CartLine, { problem }: CartView, csrf: Html): Html {
  const { id, name, price } = product
  const mine = problem?.id === id ? problem : undefined
  const described = mine && html` aria-invalid="true" aria-describedby="error-${id}"`
  return html`
<tr role="row">
<th role="rowheader" scope="row"><a href="/products/${id}">${name}</a></th>
<td role="cell">
<form method="post" action="/cart/${id}" class="row">
${csrf}
<label class="hidden" for="quantity-${id}">How many of ${name}</label>
<input class="number" id="quantity-${id}" name="quantity" type="number" min="1" max="${mostOfOne}" value="${mine?.typed ?? quantity}" required${described}>
<button class="plain">Change<span class="hidden"> the number of ${name}</span></button>
</form>
${mine && html`<p class="error" id="error-${id}" role="alert">${mine.message}</p>`}
</td>
<td role="cell" class="amount price">${money(price * quantity)}</td>
<td role="cell" class="remove"><form method="post" action="/cart/${id}/remove">${csrf}<button class="text">Remove<span class="hidden"> ${name}</span></button></form></td>
</tr>`
}
