import fastifyCookie from '@fastify/cookie'
import fastifySession, { type FastifySessionOptions } from '@fastify/session'
import type { ConnectStore } from '@transient/connect'
import fastify, { type FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import type { Crossing } from './express-site.ts'

declare module 'fastify' {
  interface Session {
    [field: `f${number}`]: number
    user?: string
    cart?: string[]
  }
}

/** An application as there are many on @fastify/session. */
export async function openFastifySite(
  store: ConnectStore,
  options: Partial<FastifySessionOptions> & { crossing?: Crossing } = {},
): Promise<string> {
  const { crossing, ...rest } = options
  const app: FastifyInstance = fastify({ forceCloseConnections: true })
  await app.register(fastifyCookie)
  const secret = 'a secret of the tests, long enough for anyone'
  await app.register(fastifySession, { store, secret, cookie: { secure: false }, ...rest })
  app.setErrorHandler((error: { code?: string; statusCode?: number }, _request, reply) =>
    reply.status(error.statusCode ?? 500).send({ error: error.code }),
  )
  const fieldsOf = (session: object) => ({ ...session, cookie: undefined })
  app.get('/read', (request) => fieldsOf(request.session))
  app.get('/slow-read', async (request) => {
    await crossing?.arrive()
    return fieldsOf(request.session)
  })
  app.post<{ Params: { n: string } }>('/write/:n', async (request) => {
    await crossing?.arrive()
    request.session[`f${Number(request.params.n)}`] = Number(request.params.n)
    return { written: request.params.n }
  })
  app.post<{ Params: { item: string } }>('/cart/:item', (request) => {
    request.session.cart = [...(request.session.cart ?? []), request.params.item]
    return { cart: request.session.cart }
  })
  app.post('/login', async (request) => {
    await request.session.regenerate(['cart'])
    request.session.user = 'asa'
    return { user: 'asa' }
  })
  app.post('/reload', async (request) => {
    request.session.user = 'never saved'
    await request.session.reload()
    return { user: request.session.user }
  })
  app.post('/save', async (request) => {
    request.session.user = 'one'
    await request.session.save()
    request.session.user = 'two'
    return { user: 'two' }
  })
  app.post('/logout', async (request) => {
    await request.session.destroy()
    return { out: true }
  })
  onTestFinished(() => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}
