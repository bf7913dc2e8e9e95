import { findProduct, products } from '../catalogue.ts'
import { field } from '../form.ts'
import { homePage } from '../pages/home.ts'
import { productPage } from '../pages/product.ts'
import { notFound, type Route } from '../route.ts'
import type { ShowView } from '../view.ts'

export function catalogueRoutes(view: ShowView): Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      handle: (ask) => view(ask, { title: 'Pots for every day', main: (csrf) => homePage(products, csrf) }),
    },
    {
      method: 'GET',
      path: '/products/:id',
      handle: (ask) => {
        const product = findProduct(field(ask.params, 'id') ?? '')
        if (product === undefined) throw notFound()
        return view(ask, { title: product.name, main: (csrf) => productPage(product, csrf) })
      },
    },
  ]
}
