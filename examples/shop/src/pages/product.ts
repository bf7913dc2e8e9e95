import { mostOfOne } from '../cart.ts'
import { money, type Product } from '../catalogue.ts'
import { type Html, html } from '../html.ts'

export interface ProductProblem {
  readonly typed: string
  readonly message: string
}

export function productPage({ id, name, about, price, drawing }: Product, csrf: Html, problem?: ProductProblem): Html {
  const described = problem && html` aria-invalid="true" aria-describedby="quantity-error"`
  return html`<div class="product">
${drawing}
<div>
<h1>${name}</h1>
<p class="lead">${about}</p>
<p class="price">${money(price)}</p>
<form method="post" action="/cart" class="row">
${csrf}
<input type="hidden" name="product" value="${id}">
<div>
<label for="quantity">How many?</label>
<input class="number" id="quantity" name="quantity" type="number" min="1" max="${mostOfOne}" value="${problem?.typed ?? '1'}" required${described}>
</div>
<button>Add to cart</button>
</form>
${problem && html`<p class="error" id="quantity-error" role="alert">${problem.message}</p>`}
</div>
</div>`
}
