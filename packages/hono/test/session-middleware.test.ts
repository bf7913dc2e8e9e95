import { createSessionStore, type Session } from '@transient/core'
import { type SessionEnv, sessionMiddleware, sessionOf } from '@transient/hono'
import { createMemoryStore } from '@transient/memory'
import { Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { etag } from 'hono/etag'
import { stream } from 'hono/streaming'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { createSessions, type Data, plainHttp } from './app.ts'

describe("c.get('session')", () => {
  it('is c.var.session and sessionOf(c), typed by the middleware', async () => {
    const { sessions } = createSessions()
    const app = new Hono().use(sessionMiddleware(sessions, plainHttp)).get('/', (c) => {
      const session = c.get('session')
      expectTypeOf(session).toEqualTypeOf<Session<Data>>()
      expectTypeOf(c.var.session).toEqualTypeOf<Session<Data>>()
      return c.json([session === c.var.session, session === sessionOf(c, sessions)])
    })
    expect(await (await app.request('/')).json()).toEqual([true, true])
  })

  it('is typed by SessionEnv where routes are written one by one', async () => {
    const { sessions } = createSessions()
    const app = new Hono<SessionEnv<Data>>()
    app.use(sessionMiddleware(sessions, plainHttp))
    app.get('/', (c) => {
      expectTypeOf(c.get('session').data.count).toEqualTypeOf<number | undefined>()
      return c.json(c.get('session').isNew)
    })
    expect(await (await app.request('/')).json()).toBe(true)
  })

  it('has the messages of the store typed as well', () => {
    const sessions = createSessionStore<{ a: 1 }, { text: string }>(createMemoryStore(), { secrets: 'x'.repeat(32) })
    new Hono().use(sessionMiddleware(sessions)).get('/', (c) => {
      expectTypeOf(c.get('session')).toEqualTypeOf<Session<{ a: 1 }, { text: string }>>()
      return c.text('never asked')
    })
  })

  it('leaves the other variables as they are, and asking for those asks for no session', async () => {
    const { sessions, known } = createSessions()
    const app = new Hono<{ Variables: { name: string } }>()
    app.use(async (c, next) => {
      c.set('name', 'Ada')
      await next()
    })
    app.use(sessionMiddleware(sessions, plainHttp) as never)
    app.get('/', (c) => c.json([c.get('name'), c.var.name, Object.keys(c.var)]))
    const answer = await app.request('/', await known())
    expect(await answer.json()).toEqual(['Ada', 'Ada', ['name', 'session']])
    expect([answer.headers.get('vary'), answer.headers.get('cache-control')]).toEqual([null, null])
  })

  it('is an error where something else has that name', async () => {
    const { sessions } = createSessions()
    const app = new Hono<{ Variables: { session: unknown } }>()
    app.use(async (c, next) => {
      c.set('session', 'mine')
      await next()
    })
    app.use(sessionMiddleware(sessions) as never)
    app.onError((error, c) => c.text(error.message, 500))
    app.get('/', (c) => c.text('never'))
    expect(await (await app.request('/')).text()).toMatch(/is taken by another middleware/)
  })

  it('is an error where another session store has the request', async () => {
    const app = new Hono()
    app.use(sessionMiddleware(createSessions().sessions), sessionMiddleware(createSessions().sessions))
    app.onError((error, c) => c.text(error.message, 500))
    app.get('/', (c) => c.text('never'))
    expect(await (await app.request('/')).text()).toMatch(/is taken by another session store/)
  })
})

describe('sessionOf', () => {
  const messageOf = async (app: Hono) => {
    app.onError((error, c) => c.text(error.message, 500))
    return (await app.request('/')).text()
  }

  it('says so where no middleware saw the request', async () => {
    const app = new Hono()
    app.get('/', (c) => c.json(sessionOf(c, createSessions().sessions).isNew))
    expect(await messageOf(app)).toMatch(/sessionMiddleware must come before/)
  })

  it('says so where the middleware of another store did', async () => {
    const app = new Hono()
    app.use(sessionMiddleware(createSessions().sessions))
    app.get('/', (c) => c.json(sessionOf(c, createSessions().sessions).isNew))
    expect(await messageOf(app)).toMatch(/another session store/)
  })

  it("says so on a route with load: 'none'", async () => {
    const { sessions } = createSessions()
    const app = new Hono()
    app.use(sessionMiddleware(sessions, { load: (c) => (c.req.path === '/' ? 'none' : 'eager') }))
    app.get('/', (c) => c.json(sessionOf(c, sessions).isNew))
    expect(await messageOf(app)).toMatch(/load: 'none'/)
  })
})

describe('sessionMiddleware', () => {
  it.each([
    [{ cookie: { name: '__Host-a', path: '/shop' } }],
    [{ load: 'sometimes' }],
    [{ storeDown: 'ignore' }],
    [{ trustProxy: 'loopback' }],
  ])('is a TypeError for options that cannot be: %o', (options) => {
    expect(() => sessionMiddleware(createSessions().sessions, options as object)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' }),
    )
  })

  it('again on a route, with other options, is one session, loaded by those and committed once', async () => {
    const { sessions, calls, known } = createSessions()
    const app = new Hono<SessionEnv<Data>>()
    app.use(sessionMiddleware(sessions, { ...plainHttp, load: 'lazy' }))
    app.use(async (c, next) => {
      await next()
      c.get('session').data.count = 1
    })
    app.get('/', sessionMiddleware(sessions, plainHttp), (c) => {
      c.get('session').data.user = 'Grace'
      return c.text('stored')
    })
    const visitor = await known()
    expect((await app.request('/', visitor)).status).toBe(200)
    // What middleware between the two changes after the handler is stored with it.
    expect(calls).toEqual(['get', 'compareAndSet'])
    expect((await sessions.load(visitor.headers.cookie.slice(4))).data).toEqual({ user: 'Grace', count: 1 })
  })

  it('works for sub-applications, with error handlers of their own', async () => {
    const { sessions } = createSessions()
    const shop = new Hono<SessionEnv<Data>>()
    shop.onError((error, c) => c.text(`shop: ${error.message}`, 500))
    shop.get('/broken', (c) => {
      c.get('session').data.user = 'Ada'
      throw new Error('broken')
    })
    const app = new Hono().use(sessionMiddleware(sessions, plainHttp)).route('/shop', shop)
    const answer = await app.request('/shop/broken')
    expect([answer.status, await answer.text()]).toEqual([500, 'shop: broken'])
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^sid=1/)])
  })

  it('adds its headers to responses whose headers cannot be changed', async () => {
    const { sessions } = createSessions()
    const app = new Hono<SessionEnv<Data>>().use(sessionMiddleware(sessions, plainHttp))
    app.get('/', (c) => {
      c.get('session').data.user = 'Ada'
      return Response.redirect('https://shop.example/', 303)
    })
    expect(() => Response.redirect('https://shop.example/', 303).headers.set('a', 'b')).toThrow(TypeError)
    const answer = await app.request('/')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, 'https://shop.example/'])
    expect([answer.headers.get('vary'), answer.headers.get('cache-control')]).toEqual(['Cookie', 'private, no-store'])
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^sid=1/)])
  })

  it('leaves a response alone that only opens another protocol', async () => {
    const { sessions } = createSessions()
    const upgrade = Object.defineProperty(new Response(), 'status', { value: 101 })
    const app = new Hono<SessionEnv<Data>>().use(sessionMiddleware(sessions, plainHttp))
    app.get('/', (c) => {
      c.get('session').data.user = 'Ada'
      return upgrade
    })
    expect(await app.request('/')).toBe(upgrade)
    expect([...upgrade.headers]).toEqual([])
  })

  it('gets on with cookies of the application and with middleware that looks at the response', async () => {
    const { sessions } = createSessions()
    const app = new Hono<SessionEnv<Data>>()
    app.use(etag(), sessionMiddleware(sessions, plainHttp))
    app.get('/', (c) => {
      setCookie(c, 'theme', 'dark')
      c.header('Vary', 'Accept')
      c.header('Cache-Control', 'private, max-age=60')
      c.get('session').data.user = 'Ada'
      return c.text('stored')
    })
    const answer = await app.request('/')
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^theme=/), expect.stringMatching(/^sid=1/)])
    expect(answer.headers.get('vary')).toBe('Accept, Cookie')
    expect(answer.headers.get('cache-control')).toBe('private, max-age=60')
    expect(answer.headers.get('etag')).toMatch(/^"/)
  })
})

describe('a response that is dropped, because the session could not be stored', () => {
  const failing = () => {
    const made = createSessions()
    made.store.fail('compareAndSet', { times: Number.POSITIVE_INFINITY })
    const app = new Hono<SessionEnv<Data>>()
    app.use(async (c, next) => {
      c.header('x-earlier', 'kept')
      c.header('set-cookie', 'a=1', { append: true })
      await next()
    })
    app.use(sessionMiddleware(made.sessions, plainHttp))
    return { ...made, app }
  }

  it.each(['c.text', 'a Response'])('leaves what earlier middleware has set, on an error page by %s', async (kind) => {
    const { app } = failing()
    app.onError((error, c) => {
      const { status = 500 } = error as { status?: 503 }
      if (kind === 'c.text') return c.text('error page', status, { 'x-error-page': 'yes' })
      return new Response('error page', { status, headers: { 'x-error-page': 'yes' } })
    })
    app.get('/', (c) => {
      c.status(201)
      c.header('x-handler', 'dropped')
      c.header('x-earlier', 'changed')
      c.header('set-cookie', 'b=2', { append: true })
      c.get('session').data.user = 'Ada'
      return c.text('made', { headers: { 'x-response': 'dropped' } })
    })
    const answer = await app.request('/')
    expect([answer.status, await answer.text()]).toEqual([503, 'error page'])
    expect(Object.fromEntries(answer.headers)).toEqual({
      'x-earlier': 'kept',
      'set-cookie': 'a=1',
      'x-error-page': 'yes',
      'content-type': expect.stringMatching(/^text\/plain/i),
      vary: 'Cookie',
      'cache-control': 'private, no-store',
    })
  })

  it('leaves nothing of what middleware behind ours said when the handler was done', async () => {
    const { app } = failing()
    app.use(async (c, next) => {
      await next()
      c.header('x-late', 'dropped')
    })
    app.get('/', (c) => {
      c.get('session').data.user = 'Ada'
      return new Response('made', { headers: { 'x-response': 'dropped' } })
    })
    const { headers } = await app.request('/')
    expect([headers.get('x-late'), headers.get('x-response')]).toEqual([null, null])
    expect([headers.get('x-earlier'), headers.get('vary')]).toEqual(['kept', 'Cookie'])
  })

  it('gives no status to an error page that says none', async () => {
    const { app } = failing()
    app.onError((_error, c) => c.text('error page'))
    app.get('/', (c) => {
      c.status(201)
      c.get('session').data.user = 'Ada'
      return c.text('made')
    })
    expect((await app.request('/')).status).toBe(200)
  })

  it('has its body cancelled', async () => {
    const { app } = failing()
    let reason: unknown = 'not cancelled'
    app.get('/', (c) => {
      c.get('session').data.user = 'Ada'
      return c.body(new ReadableStream({ cancel: (why) => void (reason = why) }))
    })
    expect((await app.request('/')).status).toBe(500)
    expect(reason).toBeUndefined()
  })

  it('tells the browser of a renewal that was stored before', async () => {
    const { app, sessions, store, known } = failing()
    store.recover()
    app.get('/', async (c) => {
      await c.get('session').renew()
      c.get('session').data.count = 1
      store.fail('compareAndSet')
      return c.text('never')
    })
    const answer = await app.request('/', await known())
    const lines = answer.headers.getSetCookie()
    expect(lines).toEqual(['a=1', expect.stringMatching(/^sid=1/)])
    const token = lines[1]?.split(';')[0]?.slice(4)
    expect((await sessions.load(token)).data).toEqual({ user: 'Ada' })
  })

  it('is an error page by default, too', async () => {
    const { app } = failing()
    app.get('/', (c) => {
      c.get('session').data.user = 'Ada'
      return c.text('never')
    })
    const answer = await app.request('/')
    expect([answer.status, answer.headers.get('vary')]).toEqual([500, 'Cookie'])
  })
})

describe('a session that cannot be loaded', () => {
  it('is an error for app.onError, and the page says that it depends on the cookie', async () => {
    const { sessions, store, known } = createSessions()
    const app = new Hono().use(sessionMiddleware(sessions, plainHttp)).get('/', (c) => c.text('never'))
    app.onError((error) => new Response(error.message, { status: (error as { status?: number }).status ?? 500 }))
    const visitor = await known()
    store.fail('get')
    const answer = await app.request('/', visitor)
    expect([answer.status, answer.headers.get('vary')]).toEqual([503, 'Cookie'])
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  it("is nobody's with storeDown: 'anonymous', by the context", async () => {
    const { sessions, store, known } = createSessions()
    const app = new Hono()
      .use(
        sessionMiddleware(sessions, { ...plainHttp, storeDown: (c) => (c.req.path === '/' ? 'anonymous' : 'throw') }),
      )
      .get('*', (c) => c.text(String(c.get('session').readFailure?.code)))
    const visitor = await known()
    store.fail('get', { times: 2 })
    expect(await (await app.request('/', visitor)).text()).toBe('unavailable')
    expect((await app.request('/other', visitor)).status).toBe(500)
  })
})

describe('a stream', () => {
  it('leaves after the commit, and finds the session sealed', async () => {
    const { sessions, calls } = createSessions()
    const app = new Hono().use(sessionMiddleware(sessions, plainHttp)).get('/', (c) => {
      const session = c.get('session')
      session.data.user = 'Ada'
      return stream(c, async (out) => {
        await out.write(`${session.data.user} `)
        try {
          session.data.count = 1
        } catch (error) {
          await out.write((error as { code: string }).code)
        }
      })
    })
    const answer = await app.request('/')
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^sid=1/)])
    expect(calls).toEqual(['compareAndSet'])
    expect(await answer.text()).toBe('Ada session-sealed')
  })
})
