import { createConnectStore } from '@transient/connect'
import type { InspectableStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createRedisStore } from '@transient/redis'
import { createFaultyStore } from '@transient/test-utils/faults'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import express, { type Request } from 'express'
import session, { type CookieOptions, type SessionData, type Store } from 'express-session'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMeeting, createPause } from './crossing.ts'
import { createExpressSite } from './express-site.ts'
import { listen } from './listen.ts'
import { createVisitor } from './visitor.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const stores: [string, () => InspectableStore][] = [
  ['memory', () => createMemoryStore()],
  ['Redis', () => createRedisStore(redis.url)],
]

async function open(store: InspectableStore, options: Parameters<typeof createExpressSite>[1] = {}) {
  onTestFinished(() => store.close())
  const connect = createConnectStore(store, { deadline: '20s' })
  await connect.clear()
  const origin = await listen(createExpressSite(connect, options))
  return { connect, origin, visitor: createVisitor(origin) }
}

const hundred = Array.from({ length: 100 }, (_, i) => i)

describe.each(stores)('express-session over %s', (_, createStore) => {
  it('keeps a session from request to request, and nested changes', async () => {
    const { visitor } = await open(createStore())
    await visitor.post('/cart/apple')
    await visitor.post('/cart/pear')
    expect((await visitor.get('/read')).body).toEqual({ cart: ['apple', 'pear'] })
  })

  it('keeps the data and changes the id at a login', async () => {
    const { visitor, connect } = await open(createStore())
    await visitor.post('/cart/apple')
    const before = visitor.jar.get('connect.sid')
    expect((await visitor.post('/login')).body).toEqual({ user: 'asa' })
    expect(visitor.jar.get('connect.sid')).not.toBe(before)
    expect((await visitor.get('/read')).body).toEqual({ cart: ['apple'], user: 'asa' })
    expect(await connect.length()).toBe(1)
  })

  it('ends a session at a logout', async () => {
    const { visitor, connect } = await open(createStore())
    await visitor.post('/login')
    await visitor.post('/logout')
    expect([(await visitor.get('/read')).body, await connect.length()]).toEqual([{}, 0])
  })

  it('reloads what is stored', async () => {
    const { visitor } = await open(createStore())
    await visitor.post('/login')
    expect((await visitor.post('/reload')).body).toEqual({ user: 'asa' })
  })

  it('saves twice in one request', async () => {
    const { visitor } = await open(createStore())
    expect((await visitor.post('/save-twice')).body).toEqual({ user: 'two' })
    expect((await visitor.post('/save-twice')).body).toEqual({ user: 'two' })
    expect((await visitor.get('/read')).body).toEqual({ user: 'two' })
  })

  it('loses none of 100 fields that 100 requests write at once', async () => {
    const { visitor } = await open(createStore(), { crossing: createMeeting(100) })
    await visitor.post('/login')
    const answers = await Promise.all(hundred.map((n) => visitor.tab().post(`/write/${n}`)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await visitor.get('/read')).body).toEqual({
      user: 'asa',
      ...Object.fromEntries(hundred.map((n) => [`f${n}`, n])),
    })
  })

  it('loses none of them when they go to two sites that know nothing of each other', async () => {
    const store = createStore()
    const crossing = createMeeting(100)
    const { visitor } = await open(store, { crossing })
    const other = await listen(createExpressSite(createConnectStore(store, { deadline: '20s' }), { crossing }))
    await visitor.post('/login')
    await Promise.all(hundred.map((n) => (n % 2 === 0 ? visitor.tab() : visitor.tab().at(other)).post(`/write/${n}`)))
    expect(Object.keys((await visitor.get('/read')).body as object)).toHaveLength(101)
  })

  it('loses nothing that others wrote after the first request of a session had saved it itself', async () => {
    const crossing = createPause()
    const { visitor, connect } = await open(createStore(), { crossing })
    const first = visitor.post('/save-and-go-on')
    await crossing.arrived
    const [stored] = await connect.all<{ id: string }>()
    await connect.set(stored?.id ?? '', Object.assign(stored ?? {}, { f1: 1 }))
    crossing.go()
    await first
    expect((await visitor.get('/read')).body).toMatchObject({ user: 'two', f1: 1 })
  })

  it('removes the field that a request removed, and keeps what others wrote meanwhile', async () => {
    const crossing = createMeeting(2)
    const { visitor, connect } = await open(createStore(), { crossing })
    await visitor.post('/cart/apple')
    const [sid = ''] = await connect.ids()
    const stored = (await connect.get<Record<string, unknown>>(sid)) ?? {}
    await connect.set(sid, { ...stored, f1: 1, f2: 2 })
    await Promise.all([visitor.tab().post('/delete/1'), visitor.tab().post('/write/3')])
    expect((await visitor.get('/read')).body).toEqual({ cart: ['apple'], f2: 2, f3: 3 })
  })

  it('lets a slow writer bring nothing back after a logout, and tells it so', async () => {
    const crossing = createPause()
    const errors: (string | undefined)[] = []
    const { visitor, connect } = await open(createStore(), { crossing, onError: ({ code }) => errors.push(code) })
    await visitor.post('/login')
    const tab = visitor.tab()
    // The headers have left when express-session saves: the answer is broken off, if it is told at all.
    const slow = tab.post('/write/1').catch((error: unknown) => error)
    await crossing.arrived
    await visitor.post('/logout')
    crossing.go()
    await slow
    expect([errors, await connect.length(), (await tab.get('/read')).body]).toEqual([['session-ended'], 0, {}])
  })

  it.each([
    ['that saves what it read', { resave: true }],
    ['that touches what it read', {}],
    ['that puts the cookie off', { rolling: true, cookie: { maxAge: 60_000 } }],
  ])('lets a slow reader %s bring nothing back after a logout', async (_title, options) => {
    const crossing = createPause()
    const errors: (string | undefined)[] = []
    const onError = ({ code }: { code?: string }) => errors.push(code)
    const { visitor, connect } = await open(createStore(), { crossing, onError, ...options })
    await visitor.post('/login')
    const slow = visitor.tab().get('/slow-read')
    await crossing.arrived
    await visitor.post('/logout')
    crossing.go()
    expect([(await slow).status, errors, await connect.length()]).toEqual([200, [], 0])
  })
})

describe('what an application may expect of express-session itself', () => {
  it('sessions that were loaded are of its classes, as new ones are', async () => {
    const store = createConnectStore(createMemoryStore())
    const seen: Request['session'][] = []
    const app = express()
    app.use(session({ store, secret: 'x', resave: false, saveUninitialized: true, cookie: { maxAge: 60_000 } }))
    app.get('/', (request, response) => {
      seen.push(request.session)
      response.json({})
    })
    const visitor = createVisitor(await listen(app))
    await visitor.get('/')
    await visitor.get('/')
    const { Session, Cookie } = session as unknown as Record<string, new () => unknown>
    expect(seen).toHaveLength(2)
    for (const { constructor, cookie } of seen) {
      expect(constructor).toBe(Session)
      expect(Object.getPrototypeOf(cookie)).toBe(Cookie?.prototype)
      expect([cookie.expires, cookie.path, cookie.httpOnly]).toEqual([expect.any(Date), '/', true])
      // express-session reads the clock twice, so that it can be a millisecond less.
      expect(cookie.originalMaxAge).toBeCloseTo(60_000, -1)
    }
  })

  const make = (store: object, stored: SessionData): Request['session'] => {
    const request = { headers: {}, sessionID: 'a', sessionStore: store } as unknown as Request
    return (store as Store).createSession(request, structuredClone(stored))
  }

  it('a cookie that was stored by hand has what it lacks', () => {
    const [ours, theirs] = [createConnectStore(createMemoryStore()), new session.MemoryStore()]
    createExpressSite(ours)
    const stored = { cookie: {} } as SessionData
    expect({ ...make(ours, stored).cookie }).toEqual({ ...make(theirs, stored).cookie })
  })

  it.each<[string, CookieOptions]>([
    ['without an end', {}],
    ['with a maxAge', { maxAge: 60_000 }],
    ['with an end', { expires: new Date(Date.now() + 60_000) }],
    [
      'with everything',
      { maxAge: 60_000, domain: 'localhost', path: '/', priority: 'high', sameSite: 'lax', partitioned: true },
    ],
  ])('a loaded cookie %s has what express-session itself would have made of it', async (_, cookie) => {
    const memory = createMemoryStore()
    const [ours, theirs] = [createConnectStore(memory), new session.MemoryStore()]
    createExpressSite(ours, { cookie })
    createExpressSite(theirs, { cookie })
    const generated = { headers: {} } as Request
    ;(theirs as unknown as { generate(request: Request): void }).generate(generated)
    const stored = JSON.parse(JSON.stringify(generated.session)) as SessionData
    const [mine, model] = [make(ours, stored), make(theirs, stored)]
    expect({ ...mine.cookie }).toEqual({ ...model.cookie })
    expect(JSON.stringify(mine)).toBe(JSON.stringify(model))
    vi.useFakeTimers({ now: 0, toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    for (const one of [mine, model]) one.touch()
    expect(JSON.stringify(mine)).toBe(JSON.stringify(model))
  })

  it('the first request after a restart may be one with a session, behind a genid that needs a request', async () => {
    const memory = createMemoryStore()
    let made = 0
    const site = () =>
      createExpressSite(createConnectStore(memory), { genid: ({ method, ip }) => `${method}-${ip}-${made++}` })
    const visitor = createVisitor(await listen(site()))
    await visitor.post('/cart/apple')
    expect((await visitor.at(await listen(site())).get('/read')).body).toEqual({ cart: ['apple'] })
  })

  it('load gives a session without a request, which can be saved, also as the first thing after a start', async () => {
    const memory = createMemoryStore()
    const before = createConnectStore(memory)
    const visitor = createVisitor(await listen(createExpressSite(before)))
    await visitor.post('/cart/apple')
    const [sid = ''] = await before.ids()
    const connect = createConnectStore(memory)
    createExpressSite(connect, { proxy: true, cookie: { secure: 'auto' } })
    const loaded = await new Promise<Request['session'] | undefined>((resolve, reject) =>
      connect.load<Request['session']>(sid, (error, found) =>
        error instanceof Error ? reject(error) : resolve(found),
      ),
    )
    expect([loaded?.id, loaded?.cart]).toEqual([sid, ['apple']])
    loaded?.cart?.push('pear')
    await new Promise<void>((resolve) => loaded?.save(() => resolve()))
    expect((await visitor.get('/read')).body).toEqual({ cart: ['apple', 'pear'] })
  })

  it('load has nothing for an absent session', async () => {
    const connect = createConnectStore(createMemoryStore())
    createExpressSite(connect)
    expect(await new Promise((resolve) => connect.load('nobody', (...heard) => resolve(heard)))).toEqual([null, null])
  })

  it('unset: destroy ends the session that the application takes away', async () => {
    const store = createConnectStore(createMemoryStore())
    const app = express()
    app.use(session({ store, secret: 'x', resave: false, saveUninitialized: true, unset: 'destroy' }))
    app.get('/', (_request, response) => void response.json({}))
    app.get('/unset', (request, response) => {
      delete (request as { session?: unknown }).session
      response.json({})
    })
    const visitor = createVisitor(await listen(app))
    await visitor.get('/')
    expect(await store.length()).toBe(1)
    await visitor.get('/unset')
    expect(await store.length()).toBe(0)
  })

  it('an id that the application makes itself may come again after a logout', async () => {
    const { visitor, connect } = await open(createMemoryStore(), { genid: () => 'the-only-one' })
    await visitor.post('/cart/apple')
    await visitor.post('/logout')
    await visitor.post('/cart/pear')
    expect(await connect.all()).toEqual([expect.objectContaining({ id: 'the-only-one', cart: ['pear'] })])
  })
})

describe('an outage', () => {
  it('is an error of the request within the deadline, and no new session over one that could not be read', async () => {
    const faulty = createFaultyStore(createMemoryStore())
    const visitor = createVisitor(await listen(createExpressSite(createConnectStore(faulty, { deadline: 20 }))))
    await visitor.post('/login')
    faulty.hold('get', { times: Infinity })
    expect(await visitor.get('/read')).toEqual({ status: 500, body: { error: 'timeout' }, cookies: [] })
    faulty.recover()
    expect((await visitor.get('/read')).body).toEqual({ user: 'asa' })
  })

  it('of a Redis that says nothing is one, too, and all is well when it is back', async () => {
    const own = await startRedis()
    const store = createRedisStore(own.url)
    onTestFinished(async () => {
      await store.close()
      await own.stop()
    })
    const visitor = createVisitor(await listen(createExpressSite(createConnectStore(store))))
    await visitor.post('/login')
    own.pause()
    const began = performance.now()
    expect((await visitor.get('/read')).body).toEqual({ error: 'timeout' })
    // A quarter of a second, and the rest for a machine with other work to do.
    expect(performance.now() - began).toBeLessThan(2000)
    own.resume()
    await vi.waitFor(async () => expect((await visitor.get('/read')).body).toEqual({ user: 'asa' }), 10_000)
  })

  it('does not end the process where a logout listens to nobody', async () => {
    const faulty = createFaultyStore(createMemoryStore())
    const visitor = createVisitor(await listen(createExpressSite(createConnectStore(faulty))))
    await visitor.post('/login')
    faulty.fail('delete')
    expect((await visitor.post('/logout-unheard')).body).toEqual({ out: true })
  })

  it('at a login is told to the application, which has a new session all the same', async () => {
    const faulty = createFaultyStore(createMemoryStore())
    const app = express()
    app.use(session({ store: createConnectStore(faulty), secret: 'x', resave: false, saveUninitialized: true }))
    app.get('/', ({ session: { cart } }, response) => void response.json({ cart }))
    app.post('/login', (request, response) => {
      const before = request.sessionID
      request.session.cart = ['apple']
      request.session.regenerate((error: { code?: string }) => {
        response.json({ code: error.code, isNew: request.sessionID !== before, cart: request.session.cart })
      })
    })
    const visitor = createVisitor(await listen(app))
    await visitor.get('/')
    faulty.fail('delete')
    expect((await visitor.post('/login')).body).toEqual({ code: 'unavailable', isNew: true })
  })
})

describe('the commands that a request sends, counted by the server', () => {
  it.each<[string, number, (visitor: ReturnType<typeof createVisitor>) => Promise<unknown>]>([
    ['a read', 2, (visitor) => visitor.get('/read')],
    ['a write', 2, (visitor) => visitor.post('/write/7')],
    ['a visit without a session', 0, ({ origin }) => createVisitor(origin).get('/read')],
  ])('%s: %i', async (_, expected, visit) => {
    const { visitor } = await open(createRedisStore(redis.url))
    await visitor.post('/login')
    await visitor.post('/write/1') // teaches the server the script of compareAndSet
    const monitor = await redis.monitor()
    onTestFinished(() => monitor.stop())
    await visit(visitor)
    expect((await monitor.commands()).map(({ line }) => line)).toHaveLength(expected)
  })
})
