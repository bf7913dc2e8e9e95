import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createSessionStore, type Session } from '@transient/core'
import { TransientError, type TransientErrorCode, type TransientStore } from '@transient/core/store'
import { sessionMiddleware, sessionOf } from '@transient/express'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import express5, { type RequestHandler as RequestHandler5 } from 'express'
import express4, { type RequestHandler as RequestHandler4 } from 'express-4'
import { describe, expect, it, onTestFinished } from 'vitest'

interface Shop {
  name?: string
  cart?: string[]
}
type Request = express5.Request & { session: Session<Shop> }

const secrets = 'a secret of the tests, long enough for anyone'
const here = fileURLToPath(import.meta.url)

/** A store whose writes of a session wait, or fail. */
function createStagedStore() {
  const store = createFaultyStore(createMemoryStore())
  const times = Number.POSITIVE_INFINITY
  return {
    store,
    hold: () => store.hold('compareAndSet', { times }),
    fail: (code: TransientErrorCode) => store.fail('compareAndSet', { code, times }),
  }
}

async function serve(app: express5.Express) {
  const server: Server = app.listen(0, '127.0.0.1')
  await new Promise<void>((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return (path = '/', cookie = '') => fetch(origin + path, { redirect: 'manual', headers: { cookie } })
}

const cookieOf = (response: Response) => (response.headers.getSetCookie()[0] ?? '').split(';')[0] as string

describe.each([
  ['Express 5', express5],
  ['Express 4', express4 as unknown as typeof express5],
])('%s', (name, express) => {
  function createSite(store: TransientStore = createMemoryStore()) {
    const sessions = createSessionStore<Shop>(store, { secrets, deadline: 5000 })
    const app = express()
    app.use(sessionMiddleware(sessions, { cookie: { secure: false } }))
    return { app, sessions }
  }

  it('gives each request its session, typed by the accessor', async () => {
    const { app, sessions } = createSite()
    app.get('/', (request, response) => {
      const { data } = sessionOf(request, sessions)
      data.cart = [...(data.cart ?? []), 'apple']
      expect((request as Request).session).toBe(sessionOf(request, sessions))
      response.json(data.cart)
    })
    const visit = await serve(app)
    const first = await visit()
    expect(await (await visit('/', cookieOf(first))).json()).toEqual(['apple', 'apple'])
    expect(first.headers.get('vary')).toBe('Cookie')
    expect(first.headers.get('cache-control')).toBe('private, no-store')
  })

  it.each<[string, number, (response: express5.Response) => unknown]>([
    ['redirect', 302, (response) => response.redirect('/next')],
    ['send', 200, (response) => response.send('text')],
    ['json', 200, (response) => response.json({ a: 1 })],
    ['sendStatus', 204, (response) => response.sendStatus(204)],
    ['sendFile', 200, (response) => response.sendFile(here)],
  ])('sends a %s after the session is stored', async (_, status, answer) => {
    const staged = createStagedStore()
    const { app } = createSite(staged.store)
    let written: () => number | undefined = () => -1
    app.get('/', (request, response) => {
      ;(request as Request).session.data.name = 'Åsa'
      const { socket } = response
      written = () => socket?.bytesWritten
      answer(response)
    })
    const visit = await serve(app)
    const held = staged.hold()
    const visiting = visit()
    await held.arrived
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(written()).toBe(0)
    held.release()
    const response = await visiting
    expect([response.status, cookieOf(response).slice(0, 4)]).toEqual([status, 'sid='])
  })

  it('takes a commit that fails to the error handlers, without anything of the response that was meant', async () => {
    const staged = createStagedStore()
    const { app } = createSite(staged.store)
    const router = express.Router()
    router.get('/in', (request, response) => {
      ;(request as Request).session.data.name = 'Åsa'
      response.cookie('flavour', 'vanilla').set('X-Handler', 'yes').status(201).send('stored!')
    })
    app.use('/deep', router)
    app.use(((error: TransientError & { status: number; expose: boolean }, request, response, _next) => {
      response
        .status(error.status)
        .send(`${request.path} ${error.code} ${error.expose} ${error instanceof TransientError}`)
    }) satisfies express5.ErrorRequestHandler)
    const visit = await serve(app)
    staged.fail('unavailable')
    const response = await visit('/deep/in')
    expect([response.status, await response.text()]).toEqual([503, '/deep/in unavailable false true'])
    expect(response.headers.get('x-handler')).toBe(null)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  it('gives error handlers the request and the response of their own application', async () => {
    const staged = createStagedStore()
    const { app } = createSite(staged.store)
    const mounted = express()
    mounted.get('/in', (request, response) => {
      ;(request as Request).session.data.name = 'Åsa'
      response.send('stored!')
    })
    app.use('/mounted', mounted)
    app.use(((error: { status: number }, request, response, _next) => {
      response.status(error.status).json([request.app === app, response.app === app, request.path])
    }) satisfies express5.ErrorRequestHandler)
    const visit = await serve(app)
    staged.fail('unavailable')
    const response = await visit('/mounted/in')
    expect([response.status, await response.json()]).toEqual([503, [true, true, '/mounted/in']])
  })

  it('leaves an error page that cannot be committed either to Express', async () => {
    const staged = createStagedStore()
    const { app } = createSite(staged.store)
    app.set('env', 'test')
    app.get('/', async (request, _response, next) => {
      const { session } = request as Request
      session.data.name = 'Åsa'
      await session.update('cart', () => ['apple']).catch(next)
    })
    let asked = 0
    app.use(((error: { status: number }, _request, response, _next) => {
      asked++
      response.status(error.status).send('a page of the application')
    }) satisfies express5.ErrorRequestHandler)
    const visit = await serve(app)
    staged.fail('unavailable')
    const response = await visit()
    expect([response.status, asked]).toEqual([503, 1])
    expect(await response.text()).toMatch(/^<!DOCTYPE html>/)
  })

  it('has an answer of its own where the application has no error handler', async () => {
    const staged = createStagedStore()
    const { app } = createSite(staged.store)
    app.set('env', 'test')
    app.get('/', (request, response) => {
      ;(request as Request).session.data.name = 'Åsa'
      response.redirect('/next')
    })
    const visit = await serve(app)
    staged.fail('timeout')
    const response = await visit()
    expect(response.status).toBe(503)
    expect(response.headers.get('location')).toBe(null)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect(response.headers.get('vary')).toBe('Cookie')
  })

  it('stores what a handler changed before it failed', async () => {
    const { app } = createSite()
    app.get('/fail', (request) => {
      ;(request as Request).session.data.name = 'Åsa'
      throw new Error('later')
    })
    app.get('/', (request, response) => void response.send((request as Request).session.data.name))
    app.set('env', 'test')
    const visit = await serve(app)
    const failed = await visit('/fail')
    expect(failed.status).toBe(500)
    expect(await (await visit('/', cookieOf(failed))).text()).toBe('Åsa')
  })

  it('mounted twice it is one session', async () => {
    const { app, sessions } = createSite()
    app.use(sessionMiddleware(sessions, { cookie: { secure: false } }))
    app.get('/', (request, response) => {
      const { data } = (request as Request).session
      data.cart = [...(data.cart ?? []), 'apple']
      response.json(data.cart)
    })
    const visit = await serve(app)
    const first = await visit()
    expect(first.headers.getSetCookie()).toHaveLength(1)
    expect(await (await visit('/', cookieOf(first))).json()).toEqual(['apple', 'apple'])
  })

  it('loads for a router what was lazy for the rest', async () => {
    const sessions = createSessionStore<Shop>(createMemoryStore(), { secrets })
    const cookie = { secure: false }
    const app = express()
    app.use(sessionMiddleware(sessions, { cookie, load: 'lazy' }))
    app.get('/lazy', (request, response) => void response.json((request as Request).session.isLoaded))
    app.use(sessionMiddleware(sessions, { cookie }))
    app.get('/eager', (request, response) => void response.json((request as Request).session.isLoaded))
    const visit = await serve(app)
    const session = await sessions.load()
    session.data.name = 'Åsa'
    await session.commit()
    expect(await (await visit('/lazy', `sid=${session.token}`)).json()).toBe(false)
    expect(await (await visit('/eager', `sid=${session.token}`)).json()).toBe(true)
  })

  it('refuses a request whose req.session is taken', async () => {
    const store = createMemoryStore()
    const { app } = createSite(store)
    app.use(sessionMiddleware(createSessionStore(store, { secrets }), { cookie: { secure: false } }))
    app.use(
      ((error: Error, _request, response, _next) =>
        void response.status(500).send(error.message)) satisfies express5.ErrorRequestHandler,
    )
    expect(await (await (await serve(app))()).text()).toMatch(/req\.session is taken/)
  })

  it('says so when the middleware is missing or of another store', async () => {
    const { app, sessions } = createSite()
    const other = createSessionStore(createMemoryStore(), { secrets })
    app.get('/', (request, response) => {
      expect(() => sessionOf(request, other)).toThrow(/another session store/)
      expect(() => sessionOf(Object.create(express.request) as express5.Request, sessions)).toThrow(/must come before/)
      response.send(name)
    })
    expect(await (await (await serve(app))()).text()).toBe(name)
  })
})

it('is a RequestHandler of Express 4 and 5 without their types', () => {
  const sessions = createSessionStore(createMemoryStore(), { secrets })
  const five: RequestHandler5 = sessionMiddleware(sessions)
  const four: RequestHandler4 = sessionMiddleware(sessions)
  expect([five.length, four.length]).toEqual([3, 3])
})

it('checks its options at creation', () => {
  const sessions = createSessionStore(createMemoryStore(), { secrets })
  expect(() => sessionMiddleware(sessions, { cookie: { sameSite: 'none', secure: false } })).toThrow(TypeError)
})
