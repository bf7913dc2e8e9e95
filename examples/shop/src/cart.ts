import { findProduct, type Product } from './catalogue.ts'

/** How many of which product, by its id. */
export type Cart = Readonly<Record<string, number>>

export interface CartLine {
  readonly product: Product
  readonly quantity: number
}

export const mostOfOne = 99

// These three go into `session.update`, which may call them again with a newer cart: they change nothing but what they return.

export function withMore(cart: Cart = {}, id: string, quantity: number): Cart {
  return withQuantity(cart, id, Math.min((cart[id] ?? 0) + quantity, mostOfOne))
}

export function withQuantity(cart: Cart = {}, id: string, quantity: number): Cart {
  return { ...cart, [id]: quantity }
}

export function without(cart: Cart = {}, id: string): Cart {
  return Object.fromEntries(Object.entries(cart).filter(([other]) => other !== id))
}

/** What is in the cart and still sold, in the order it was put in. */
export function linesOf(cart: Cart = {}): CartLine[] {
  return Object.entries(cart).flatMap(([id, quantity]) => {
    const product = findProduct(id)
    return product === undefined ? [] : [{ product, quantity }]
  })
}

export function countOf(lines: readonly CartLine[]): number {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0)
}

export function totalOf(lines: readonly CartLine[]): number {
  return lines.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0)
}

/** The number a visitor typed, or `undefined` if it is none from 1 to 99. */
export function parseQuantity(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,2}$/.test(text.trim())) return undefined
  const quantity = Number(text)
  return quantity > 0 ? quantity : undefined
}
