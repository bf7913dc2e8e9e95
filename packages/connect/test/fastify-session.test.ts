import { createConnectStore } from '@transient/connect'
import type { InspectableStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createRedisStore } from '@transient/redis'
import { createFaultyStore } from '@transient/test-utils/faults'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createMeeting, createPause } from './crossing.ts'
import { openFastifySite } from './fastify-site.ts'
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

async function open(store: InspectableStore, options: Parameters<typeof openFastifySite>[1] = {}) {
  const connect = createConnectStore(store, { deadline: '20s' })
  await connect.clear()
  // Registered first, ended last: a store that is closed cannot answer the requests still under way.
  onTestFinished(() => store.close())
  return { connect, visitor: createVisitor(await openFastifySite(connect, options)) }
}

const hundred = Array.from({ length: 100 }, (_, i) => i)

describe.each(stores)('@fastify/session over %s', (_, createStore) => {
  it('keeps a session from request to request', async () => {
    const { visitor } = await open(createStore())
    await visitor.post('/cart/apple')
    await visitor.post('/cart/pear')
    expect((await visitor.get('/read')).body).toEqual({ cart: ['apple', 'pear'] })
  })

  it('keeps the data and changes the id at a login', async () => {
    const { visitor, connect } = await open(createStore())
    await visitor.post('/cart/apple')
    const before = visitor.jar.get('sessionId')
    expect((await visitor.post('/login')).body).toEqual({ user: 'asa' })
    expect(visitor.jar.get('sessionId')).not.toBe(before)
    expect((await visitor.get('/read')).body).toEqual({ cart: ['apple'], user: 'asa' })
    expect(await connect.length()).toBe(1)
  })

  it('ends a session at a logout', async () => {
    const { visitor, connect } = await open(createStore(), { saveUninitialized: false })
    await visitor.post('/login')
    await visitor.post('/logout')
    expect([(await visitor.get('/read')).body, await connect.length()]).toEqual([{}, 0])
  })

  it('reloads what is stored, and saves more than once', async () => {
    const { visitor } = await open(createStore())
    await visitor.post('/login')
    expect((await visitor.post('/reload')).body).toEqual({ user: 'asa' })
    expect((await visitor.post('/save')).body).toEqual({ user: 'two' })
    expect((await visitor.get('/read')).body).toEqual({ user: 'two' })
  })

  it.each([{ rolling: true }, { rolling: false }])(
    'loses none of 100 fields that 100 requests write at once (%o)',
    async (options) => {
      const crossing = createMeeting(100)
      const { visitor } = await open(createStore(), { crossing, ...options, cookie: { secure: false, maxAge: 60_000 } })
      await visitor.post('/login')
      const answers = await Promise.all(hundred.map((n) => visitor.tab().post(`/write/${n}`)))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      expect((await visitor.get('/read')).body).toEqual({
        user: 'asa',
        ...Object.fromEntries(hundred.map((n) => [`f${n}`, n])),
      })
    },
  )

  it('lets a slow writer bring nothing back after a logout, and answers it with an error', async () => {
    const crossing = createPause()
    const { visitor, connect } = await open(createStore(), { crossing, saveUninitialized: false })
    await visitor.post('/login')
    const tab = visitor.tab()
    const slow = tab.post('/write/1')
    await crossing.arrived
    await visitor.post('/logout')
    crossing.go()
    // @fastify/session saves when the answer is ready: Fastify makes the error's answer itself then, and asks no handler.
    expect(await slow).toMatchObject({ status: 500, body: { code: 'session-ended' }, cookies: [] })
    expect(await connect.length()).toBe(0)
  })

  it('lets a slow reader bring nothing back after a logout', async () => {
    const crossing = createPause()
    const { visitor, connect } = await open(createStore(), { crossing, saveUninitialized: false })
    await visitor.post('/login')
    const slow = visitor.tab().get('/slow-read')
    await crossing.arrived
    await visitor.post('/logout')
    crossing.go()
    expect([(await slow).status, await connect.length()]).toEqual([200, 0])
  })

  it('stores the session of a login whole, whatever the session before it was', async () => {
    const { visitor, connect } = await open(createStore())
    await visitor.post('/write/1')
    await visitor.post('/login')
    expect(await connect.all()).toEqual([expect.not.objectContaining({ f1: 1 })])
  })
})

describe('an outage', () => {
  it('is an error of the request within the deadline, and no new session over one that could not be read', async () => {
    const faulty = createFaultyStore(createMemoryStore())
    const visitor = createVisitor(await openFastifySite(createConnectStore(faulty, { deadline: 20 })))
    await visitor.post('/login')
    faulty.hold('get', { times: Infinity })
    expect(await visitor.get('/read')).toEqual({ status: 500, body: { error: 'timeout' }, cookies: [] })
    faulty.recover()
    expect((await visitor.get('/read')).body).toEqual({ user: 'asa' })
  })
})

describe('the commands that a request sends, counted by the server', () => {
  it.each<[string, boolean, number, (visitor: ReturnType<typeof createVisitor>) => Promise<unknown>]>([
    ['a read', true, 2, (visitor) => visitor.get('/read')],
    ['a read', false, 1, (visitor) => visitor.get('/read')],
    ['a write', true, 2, (visitor) => visitor.post('/write/7')],
    ['a write', false, 2, (visitor) => visitor.post('/write/7')],
    ['a visit without a session', true, 0, ({ origin }) => createVisitor(origin).get('/read')],
  ])('%s, rolling: %s: %i', async (_, rolling, expected, visit) => {
    const { visitor } = await open(createRedisStore(redis.url), { rolling, saveUninitialized: false })
    await visitor.post('/login')
    await visitor.post('/write/1') // teaches the server the script of compareAndSet
    const monitor = await redis.monitor()
    onTestFinished(() => monitor.stop())
    await visit(visitor)
    expect((await monitor.commands()).map(({ line }) => line)).toHaveLength(expected)
  })
})
