import { money, type Product } from '../catalogue.ts'
import { type Html, html } from '../html.ts'

export function homePage(products: readonly Product[], csrf: Html): Html {
  return html`<h1>Pots for every day</h1>
<p class="lead">Thrown by hand in small batches. Each is a little different, and all of them go into the dishwasher.</p>
<ul class="grid">${products.map((product) => card(product, csrf))}</ul>`
}

function card({ id, name, price, drawing }: Product, csrf: Html): Html {
  return html`
<li class="card">
${drawing}
<div class="body">
<h2><a href="/products/${id}">${name}</a></h2>
<div class="foot">
<span class="price">${money(price)}</span>
<form method="post" action="/cart">
${csrf}
<input type="hidden" name="product" value="${id}">
<input type="hidden" name="quantity" value="1">
<button class="plain">Add<span class="hidden"> ${name} to the cart</span></button>
</form>
</div>
</div>
</li>`
}
