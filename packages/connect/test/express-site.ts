import type { ConnectStore } from '@transient/connect'
import express, { type ErrorRequestHandler } from 'express'
import session, { type SessionOptions, type Store } from 'express-session'

declare module 'express-session' {
  interface SessionData {
    fields?: Record<string, unknown>
    [field: `f${number}`]: number
    user?: string
    cart?: string[]
  }
}

/** Where handlers wait for one another: after the session was loaded, before it is saved. */
export interface Crossing {
  arrive(): Promise<void>
}

const errorPage: ErrorRequestHandler = (error: { code?: string; message?: string }, _request, response, next) => {
  // express-session reports a failed save after the headers: all that can be done is to break the answer off.
  if (response.headersSent) return next(error)
  response.status(500).json({ error: error.code ?? error.message })
}

/** An application as there are many on express-session. */
export function createExpressSite(
  store: ConnectStore | Store,
  options: Partial<SessionOptions> & { crossing?: Crossing; onError?: (error: { code?: string }) => void } = {},
) {
  const { crossing, onError = () => {}, ...rest } = options
  const app = express()
  const sessions = session({ store, secret: 'a secret of the tests', resave: false, saveUninitialized: false, ...rest })
  app.use(sessions)
  app.get('/read', (request, response) => void response.json({ ...request.session, cookie: undefined }))
  app.get('/slow-read', async (request, response) => {
    await crossing?.arrive()
    response.json({ ...request.session, cookie: undefined })
  })
  app.post('/write/:n', async (request, response) => {
    await crossing?.arrive()
    request.session[`f${Number(request.params.n)}`] = Number(request.params.n)
    response.json({ written: request.params.n })
  })
  app.post('/delete/:n', async (request, response) => {
    await crossing?.arrive()
    delete request.session[`f${Number(request.params.n)}`]
    response.json({ deleted: request.params.n })
  })
  app.post('/cart/:item', (request, response) => {
    request.session.cart ??= []
    request.session.cart.push(request.params.item)
    response.json({ cart: request.session.cart })
  })
  app.post('/save-twice', (request, response, next) => {
    request.session.user = 'one'
    request.session.save((error) => {
      if (error) return next(error)
      request.session.user = 'two'
      request.session.save((again) => (again ? next(again) : response.json({ user: request.session.user })))
    })
  })
  app.post('/save-and-go-on', (request, response, next) => {
    request.session.user = 'one'
    request.session.save(async (error) => {
      if (error) return next(error)
      await crossing?.arrive()
      request.session.user = 'two'
      response.json({})
    })
  })
  app.post('/login', (request, response, next) => {
    const { cart } = request.session
    request.session.regenerate((error) => {
      if (error) return next(error)
      request.session.user = 'asa'
      if (cart) request.session.cart = cart
      response.json({ user: 'asa' })
    })
  })
  app.post('/reload', (request, response, next) => {
    request.session.user = 'never saved'
    request.session.reload((error) => (error ? next(error) : response.json({ user: request.session.user })))
  })
  app.post('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({ out: true })))
  })
  app.post('/logout-unheard', (request, response) => {
    const session: { destroy(callback?: undefined): unknown } = request.session as never
    session.destroy()
    response.json({ out: true })
  })
  app.use(((error: { code?: string }, _request, _response, next) => {
    onError(error)
    next(error)
  }) satisfies ErrorRequestHandler)
  app.use(errorPage)
  app.set('env', 'test') // Express writes no errors to the console.
  return app
}
