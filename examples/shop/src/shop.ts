import type { IncomingMessage } from 'node:http'
import type { SessionStore } from '@transient/core'
import { sessionMiddleware, sessionOf } from '@transient/express'
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express'
import { type Cart, countOf, linesOf, mostOfOne, parseQuantity, withMore, without, withQuantity } from './cart.ts'
import { findProduct, products } from './catalogue.ts'
import type { Html } from './html.ts'
import { cartPage } from './pages/cart.ts'
import { homePage } from './pages/home.ts'
import { layout } from './pages/layout.ts'
import { loginPage } from './pages/login.ts'
import { problemPage, problemWords } from './pages/problem.ts'
import { productPage } from './pages/product.ts'
import { style } from './style.ts'
import { authenticate, findUser } from './users.ts'

/** What the shop remembers of a visitor. */
export interface Visit {
  cart: Cart
  /** The id of the user who is logged in. */
  user: string
}

export interface ShopOptions {
  /** Whether visitors come by https, so that the cookie can be held to it. */
  readonly secure: boolean
  /** Hears of every answer with status 500 and above. */
  readonly report: (error: unknown) => void
}

const badQuantity = `Please give a whole number from 1 to ${mostOfOne}.`

/** The whole shop, on sessions over any store. */
export function createShop(sessions: SessionStore<Visit>, { secure, report }: ShopOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use((_request, response, next) => {
    response.set({
      'Content-Security-Policy':
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    })
    next()
  })
  app.get('/style.css', (_request, response) => {
    response.type('css').set('Cache-Control', 'public, max-age=300').send(style)
  })
  app.use(sessionMiddleware(sessions, { cookie: { secure }, load: whenToLoad }))
  app.use(express.urlencoded({ extended: false, limit: '8kb' }))

  const sessionFor = (request: Request) => sessionOf(request, sessions)

  function send(request: Request, response: Response, title: string, main: Html, status = 200): void {
    const { data } = sessionFor(request)
    const visitor = { name: findUser(data.user)?.name, itemsInCart: countOf(linesOf(data.cart)) }
    response.status(status).send(layout({ title, visitor, path: request.path, main }))
  }

  app.get('/', (request, response) => send(request, response, 'Pots for every day', homePage(products)))

  app.get('/products/:id', (request, response, next) => {
    const product = findProduct(request.params.id)
    if (product === undefined) next()
    else send(request, response, product.name, productPage(product))
  })

  app.get('/cart', (request, response) => {
    const { data, endedBecause } = sessionFor(request)
    const added = findProduct(field(request.query, 'added') ?? '')
    const view = { lines: linesOf(data.cart), added, hasExpired: endedBecause === 'expired' }
    send(request, response, 'Your cart', cartPage(view))
  })

  // Carts are changed by `update`, so that two windows of one visitor cannot undo each other's work.
  app.post('/cart', async (request, response, next) => {
    const product = findProduct(field(request.body, 'product') ?? '')
    if (product === undefined) return next()
    const typed = field(request.body, 'quantity')
    const quantity = parseQuantity(typed)
    if (quantity === undefined) {
      const problem = { typed: typed ?? '', message: badQuantity }
      return send(request, response, product.name, productPage(product, problem), 422)
    }
    await sessionFor(request).update('cart', (cart) => withMore(cart, product.id, quantity))
    response.redirect(303, `/cart?added=${product.id}`)
  })

  app.post('/cart/:id', async (request, response, next) => {
    const { id } = request.params
    const session = sessionFor(request)
    if (findProduct(id) === undefined) return next()
    const typed = field(request.body, 'quantity')
    const quantity = parseQuantity(typed)
    if (quantity === undefined) {
      const problem = { id, typed: typed ?? '', message: badQuantity }
      return send(request, response, 'Your cart', cartPage({ lines: linesOf(session.data.cart), problem }), 422)
    }
    // A line that another window has removed stays removed.
    await session.update('cart', (cart = {}) => (Object.hasOwn(cart, id) ? withQuantity(cart, id, quantity) : cart))
    response.redirect(303, '/cart')
  })

  app.post('/cart/:id/remove', async (request, response) => {
    const session = sessionFor(request)
    if (session.data.cart !== undefined) await session.update('cart', (cart) => without(cart, request.params.id))
    response.redirect(303, '/cart')
  })

  app.get('/login', (request, response) => send(request, response, 'Log in', loginPage()))

  app.post('/login', async (request, response) => {
    const name = field(request.body, 'name') ?? ''
    const user = await authenticate(name.trim().toLowerCase(), field(request.body, 'password') ?? '')
    if (user === undefined) return send(request, response, 'Log in', loginPage({ name }), 422)
    const session = sessionFor(request)
    // A new id, and no way in by the old one: whoever planted or saw it before the login gets nothing of what comes after. First of all,
    // so that a failure leaves nobody logged in by the old id.
    await session.renew({ grace: false })
    session.data.user = user.id
    response.redirect(303, session.data.cart === undefined ? '/' : '/cart')
  })

  app.post('/logout', async (request, response) => {
    await sessionFor(request).destroy()
    response.redirect(303, '/')
  })

  app.use((request, response) => {
    send(request, response, problemWords(404).title, problemPage(404), 404)
  })
  app.use(createErrorPage(report))
  return app
}

/** A logout needs the cookie alone, so it is the one request whose session is not read first. */
function whenToLoad({ method, url }: IncomingMessage): 'eager' | 'lazy' {
  return method === 'POST' && url === '/logout' ? 'lazy' : 'eager'
}

/** Says what went wrong without asking for the session, which may be the very thing that is missing. */
function createErrorPage(report: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    const { status: suggested } = error as { status?: unknown }
    const status = typeof suggested === 'number' && suggested >= 400 && suggested <= 599 ? suggested : 500
    if (status >= 500) report(error)
    if (status === 503) response.set('Retry-After', '5')
    const page = {
      title: problemWords(status).title,
      visitor: undefined,
      path: request.path,
      main: problemPage(status),
    }
    response.status(status).send(layout(page))
  }
}

/** One text field of a form or query. A repeated one, or none, is `undefined`. */
function field(form: unknown, name: string): string | undefined {
  if (typeof form !== 'object' || form === null || !Object.hasOwn(form, name)) return undefined
  const value = (form as Record<string, unknown>)[name]
  return typeof value === 'string' ? value : undefined
}
