import { createServer } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { createSessionStore, type Session } from '@transient/core'
import { type SessionContext, type SessionMiddlewareOptions, sessionMiddleware, sessionOf } from '@transient/koa'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import Koa3, { type Context, type DefaultState, type Middleware as Middleware3 } from 'koa'
import Koa2, { type Middleware as Middleware2 } from 'koa-2'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openServer } from './open-server.ts'

interface Shop {
  name?: string
  cart?: string[]
}
type ShopContext = Context & SessionContext<Shop>

const secrets = 'a secret of the tests, long enough for anyone'
const times = Number.POSITIVE_INFINITY

describe.each([
  ['Koa 3', Koa3],
  ['Koa 2', Koa2 as unknown as typeof Koa3],
])('%s', (_, Koa) => {
  function createSite(options: SessionMiddlewareOptions = {}) {
    const store = createFaultyStore(createMemoryStore())
    const sessions = createSessionStore<Shop>(store, { secrets, deadline: 5000 })
    const app = new Koa<DefaultState, SessionContext<Shop>>()
    const errors: unknown[] = []
    app.on('error', (error: unknown) => errors.push(error))
    const withSession = sessionMiddleware(sessions, { cookie: { secure: false }, ...options })
    return { app, store, sessions, errors, withSession }
  }

  async function serve(app: { callback(): Parameters<typeof createServer>[1] }) {
    const { origin, stop } = await openServer(createServer(app.callback()))
    onTestFinished(stop)
    return (path = '/', cookie = '') => fetch(origin + path, { redirect: 'manual', headers: { cookie } })
  }

  const cookieOf = (response: Response) => (response.headers.getSetCookie()[0] ?? '').split(';')[0] as string
  const change = (ctx: ShopContext) => {
    ctx.session.data.name = 'Åsa'
  }

  it('gives each request its session as ctx.session, typed, and by the accessor', async () => {
    const { app, sessions, withSession } = createSite()
    app.use(withSession).use((ctx) => {
      const session: Session<Shop> = ctx.session
      session.data.cart = [...(session.data.cart ?? []), 'apple']
      expect(sessionOf(ctx, sessions)).toBe(session)
      ctx.body = session.data.cart
    })
    const visit = await serve(app)
    const first = await visit()
    expect(await (await visit('/', cookieOf(first))).json()).toEqual(['apple', 'apple'])
    expect([first.headers.get('vary'), first.headers.get('cache-control')]).toEqual(['Cookie', 'private, no-store'])
  })

  it.each<[string, number, (ctx: ShopContext) => void]>([
    ['text', 200, (ctx) => (ctx.body = 'text')],
    ['JSON', 200, (ctx) => (ctx.body = { a: 1 })],
    ['redirect', 302, (ctx) => ctx.redirect('/next')],
    ['stream', 200, (ctx) => (ctx.body = Readable.from(['te', 'xt']))],
    ['status alone', 204, (ctx) => (ctx.status = 204)],
    [
      'response that is written by hand',
      200,
      (ctx) => {
        ctx.respond = false
        ctx.res.statusCode = 200
        ctx.res.end('text')
      },
    ],
  ])('sends a %s after the session is stored', async (_name, status, answer) => {
    const { app, store, withSession } = createSite()
    let written: () => number | undefined = () => -1
    app.use(withSession).use((ctx) => {
      change(ctx)
      written = () => ctx.socket.bytesWritten
      answer(ctx)
    })
    const visit = await serve(app)
    const gate = store.hold('compareAndSet', { times })
    const visiting = visit()
    await gate.arrived
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(written()).toBe(0)
    gate.release()
    const response = await visiting
    expect([response.status, cookieOf(response).slice(0, 4)]).toEqual([status, 'sid='])
  })

  it('takes a commit that fails to middleware in front, without anything of the response that was meant', async () => {
    const { app, store, withSession, errors } = createSite()
    app.use(async (ctx, next) => {
      ctx.set('X-Earlier', 'kept')
      try {
        await next()
      } catch (error) {
        ctx.body = `page: ${(error as { code: string }).code}`
      }
    })
    app.use(withSession).use((ctx) => {
      change(ctx)
      ctx.set('X-Handler', 'yes')
      ctx.set('X-Earlier', 'changed')
      ctx.cookies.set('flavour', 'vanilla')
      ctx.status = 201
      ctx.body = { stored: true }
    })
    const visit = await serve(app)
    store.fail('compareAndSet', { code: 'unavailable', times })
    const response = await visit()
    expect([response.status, await response.text()]).toEqual([503, 'page: unavailable'])
    expect([response.headers.get('x-earlier'), response.headers.get('x-handler')]).toEqual(['kept', null])
    expect(response.headers.getSetCookie()).toEqual([])
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(errors).toEqual([])
  })

  it('leaves nothing of the body to middleware that catches and says no more', async () => {
    const { app, store, withSession } = createSite()
    app.use((_ctx, next) => next().catch(() => {}))
    app.use(withSession).use((ctx) => {
      change(ctx)
      ctx.body = 'stored!'
    })
    const visit = await serve(app)
    store.fail('compareAndSet', { code: 'unavailable', times })
    const response = await visit()
    expect([response.status, await response.text()]).toEqual([503, 'Service Unavailable'])
  })

  it('has the answer and the error event of Koa where nothing in front catches', async () => {
    const { app, store, withSession, errors } = createSite()
    const body = new PassThrough()
    app.use(withSession).use((ctx) => {
      change(ctx)
      ctx.body = body
    })
    const visit = await serve(app)
    store.fail('compareAndSet', { code: 'timeout', times })
    const response = await visit()
    expect([response.status, await response.text()]).toEqual([503, 'Service Unavailable'])
    expect(response.headers.get('vary')).toBe('Cookie')
    expect(errors).toEqual([expect.objectContaining({ code: 'timeout', status: 503, expose: false })])
    expect(body.destroyed).toBe(true)
  })

  it('takes a failed commit of a response that is written by hand to the error event', async () => {
    const { app, store, withSession, errors } = createSite()
    app.use(withSession).use((ctx) => {
      change(ctx)
      ctx.respond = false
      ctx.res.writeHead(200, { 'X-Handler': 'yes' })
      ctx.res.end('stored!')
    })
    const visit = await serve(app)
    store.fail('compareAndSet', { code: 'unavailable', times })
    const response = await visit()
    expect([response.status, await response.text(), response.headers.get('x-handler')]).toEqual([
      503,
      'Service Unavailable',
      null,
    ])
    expect(errors).toHaveLength(1)
  })

  it('takes a load that fails to the error handling, before the handler', async () => {
    const { app, store, withSession, errors } = createSite()
    let handled = 0
    app.use(withSession).use((ctx) => {
      handled++
      change(ctx)
      ctx.body = 'fine'
    })
    const visit = await serve(app)
    const cookie = cookieOf(await visit())
    store.fail('get', { code: 'unavailable', times })
    expect([(await visit('/', cookie)).status, handled]).toEqual([503, 1])
    expect(errors).toEqual([expect.objectContaining({ code: 'unavailable' })])
  })

  it('stores what a handler changed before it threw', async () => {
    const { app, withSession } = createSite()
    app.use(withSession).use((ctx) => {
      if (ctx.path !== '/fail') return void (ctx.body = ctx.session.data.name)
      change(ctx)
      throw new Error('later')
    })
    const visit = await serve(app)
    // Koa takes all headers off the error page; the cookie comes after that.
    const failed = await visit('/fail')
    expect(failed.status).toBe(500)
    expect(await (await visit('/', cookieOf(failed))).text()).toBe('Åsa')
  })

  it('tells a stream that it is too late for a write', async () => {
    const { app, withSession } = createSite()
    const late: unknown[] = []
    app.use(withSession).use((ctx) => {
      change(ctx)
      const { session } = ctx
      ctx.body = Readable.from(
        (async function* () {
          yield 'one '
          try {
            session.data.name = 'late'
          } catch (error) {
            late.push((error as { code: string }).code)
          }
          await session.update('cart', () => []).catch((error: { code: string }) => late.push(error.code))
          yield session.data.name
        })(),
      )
    })
    const visit = await serve(app)
    expect(await (await visit()).text()).toBe('one Åsa')
    expect(late).toEqual(['session-sealed', 'session-sealed'])
  })

  it('costs nothing where nobody asks', async () => {
    const { app, store, withSession } = createSite({ load: (ctx) => (ctx.path === '/none' ? 'none' : 'lazy') })
    app.use(withSession).use((ctx) => {
      if (ctx.path === '/none') expect(() => ctx.session).toThrow(/has load: 'none'/)
      if (ctx.path === '/first') change(ctx)
      ctx.body = 'text'
    })
    const visit = await serve(app)
    const session = await createSessionStore(store, { secrets }).load()
    Object.assign(session.data, { name: 'Åsa' })
    await session.commit()
    store.calls.clear()
    for (const path of ['/', '/none']) {
      const response = await visit(path, `sid=${session.token}`)
      expect([response.status, response.headers.get('vary')]).toEqual([200, null])
    }
    expect(store.calls.count()).toBe(0)
  })

  it("decides by ctx.secure whether it came by https, with secure: 'auto'", async () => {
    const forwarded = { headers: { 'x-forwarded-proto': 'https' } }
    for (const [proxy, trustProxy, name] of [
      [true, undefined, '__Host-sid='],
      [false, undefined, 'sid='],
      [false, true, '__Host-sid='],
      [true, false, 'sid='],
    ] as const) {
      const { app, withSession } = createSite({ cookie: { secure: 'auto' }, trustProxy })
      app.proxy = proxy
      app.use(withSession).use((ctx) => {
        change(ctx)
        ctx.body = ''
      })
      const { origin, stop } = await openServer(createServer(app.callback()))
      onTestFinished(stop)
      expect(cookieOf(await fetch(origin, forwarded)).startsWith(name)).toBe(true)
    }
  })

  it('mounted twice it is one session, and the outer one commits', async () => {
    const { app, withSession } = createSite()
    app.use(withSession)
    app.use(async (ctx, next) => {
      await next()
      ctx.session.data.name = 'Åsa'
    })
    app.use(withSession)
    app.use((ctx) => {
      if (ctx.path === '/name') return void (ctx.body = ctx.session.data.name)
      ctx.session.data.cart = [...(ctx.session.data.cart ?? []), 'apple']
      ctx.body = ctx.session.data.cart
    })
    const visit = await serve(app)
    const first = await visit()
    expect(first.headers.getSetCookie()).toHaveLength(1)
    expect(await (await visit('/', cookieOf(first))).json()).toEqual(['apple', 'apple'])
    expect(await (await visit('/name', cookieOf(first))).text()).toBe('Åsa')
  })

  it('refuses a request whose ctx.session is taken', async () => {
    const { app, withSession, errors } = createSite()
    app.use(async (ctx, next) => {
      Object.assign(ctx, { session: {} })
      await next()
    })
    app.use(withSession)
    expect((await (await serve(app))()).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringMatching(/ctx\.session is taken/) })])
  })

  it('checks its options at creation', () => {
    const { sessions } = createSite()
    expect(() => sessionMiddleware(sessions, { load: 'later' as 'lazy' })).toThrow(TypeError)
    expect(() => sessionMiddleware(sessions, { trustProxy: 1 as unknown as boolean })).toThrow(TypeError)
  })
})

it('is middleware of Koa 2 and 3 without their types', () => {
  const sessions = createSessionStore(createMemoryStore(), { secrets })
  const three: Middleware3 = sessionMiddleware(sessions)
  const two: Middleware2 = sessionMiddleware(sessions)
  expect([three.length, two.length]).toEqual([2, 2])
})
