import { linesOf, mostOfOne, parseQuantity, withMore, without, withQuantity } from '../cart.ts'
import { findProduct } from '../catalogue.ts'
import { field } from '../form.ts'
import { cartPage } from '../pages/cart.ts'
import { productPage } from '../pages/product.ts'
import { type Ask, notFound, type Route } from '../route.ts'
import { type ShowView, tellEnd } from '../view.ts'

const badQuantity = `Please give a whole number from 1 to ${mostOfOne}.`

// Carts are changed by `update`, so that two windows of one visitor cannot undo each other's work.
export function cartRoutes(view: ShowView): Route[] {
  function look(ask: Ask) {
    const { data } = ask.session
    return view(ask, {
      title: 'Your cart',
      main: (csrf) => cartPage({ lines: linesOf(data.cart) }, csrf),
    })
  }

  async function add(ask: Ask) {
    const { session, form } = ask
    const product = findProduct(field(form, 'product') ?? '')
    if (product === undefined) throw notFound()
    const typed = field(form, 'quantity')
    const quantity = parseQuantity(typed)
    if (quantity === undefined) {
      const problem = { typed: typed ?? '', message: badQuantity }
      return view(ask, { title: product.name, main: (csrf) => productPage(product, csrf, problem) }, 422)
    }
    tellEnd(session)
    await session.update('cart', (cart) => withMore(cart, product.id, quantity))
    session.flash(`${product.name} is in your cart.`, { kind: 'success', allowDuplicate: false })
    return { redirect: '/cart' }
  }

  async function change(ask: Ask) {
    const { session, form } = ask
    const product = findProduct(field(ask.params, 'id') ?? '')
    if (product === undefined) throw notFound()
    const { id } = product
    const typed = field(form, 'quantity')
    const quantity = parseQuantity(typed)
    if (quantity === undefined) {
      const lines = linesOf(session.data.cart)
      const problem = { id, typed: typed ?? '', message: badQuantity }
      return view(ask, { title: 'Your cart', main: (csrf) => cartPage({ lines, problem }, csrf) }, 422)
    }
    // A line that another window has removed stays removed.
    await session.update('cart', (cart = {}) => (Object.hasOwn(cart, id) ? withQuantity(cart, id, quantity) : cart))
    return { redirect: '/cart' }
  }

  async function remove({ session, params }: Ask) {
    const product = findProduct(field(params, 'id') ?? '')
    if (product !== undefined && session.data.cart !== undefined) {
      await session.update('cart', (cart) => without(cart, product.id))
      session.flash(`${product.name} is back on the shelf.`, { allowDuplicate: false })
    }
    return { redirect: '/cart' }
  }

  return [
    { method: 'GET', path: '/cart', handle: look },
    { method: 'POST', path: '/cart', isOpen: true, handle: add },
    { method: 'POST', path: '/cart/:id', handle: change },
    { method: 'POST', path: '/cart/:id/remove', handle: remove },
  ]
}
