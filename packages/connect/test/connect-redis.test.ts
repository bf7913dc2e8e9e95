import { createConnectStore } from '@transient/connect'
import { createRedisStore } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createExpressSite } from './express-site.ts'
import { openFastifySite } from './fastify-site.ts'
import { listen } from './listen.ts'
import { createVisitor } from './visitor.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

async function open() {
  const client = createClient({ url: redis.url })
  await client.connect()
  const store = createRedisStore(redis.url)
  onTestFinished(async () => {
    await client.flushAll()
    client.destroy()
    await store.close()
  })
  return { client, before: new RedisStore({ client }), after: createConnectStore(store, { deadline: '20s' }) }
}

describe('express-session, from connect-redis to this store and back', () => {
  it('keeps its visitors logged in at every step', async () => {
    const { before, after } = await open()
    const old = await listen(createExpressSite(before))
    const swapped = await listen(createExpressSite(after))
    const visitor = createVisitor(old)
    await visitor.post('/cart/apple')
    await visitor.post('/login')
    expect((await visitor.at(swapped).get('/read')).body).toEqual({ cart: ['apple'], user: 'asa' })
    await visitor.at(swapped).post('/cart/pear')
    expect((await visitor.at(old).get('/read')).body).toEqual({ cart: ['apple', 'pear'], user: 'asa' })
    await visitor.at(old).post('/cart/fig')
    expect((await visitor.at(swapped).get('/read')).body).toEqual({ cart: ['apple', 'pear', 'fig'], user: 'asa' })
    await visitor.at(swapped).post('/logout')
    expect((await visitor.at(old).get('/read')).body).toEqual({})
  })

  it('writes the same value with the same expiry', async () => {
    const { client, before, after } = await open()
    const session = { cookie: { originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000), httpOnly: true }, n: 1 }
    await before.set('a', session)
    await after.set('b', session)
    expect(await client.get('sess:b')).toBe(await client.get('sess:a'))
    // connect-redis rounds up to seconds.
    expect(Math.abs((await client.pTTL('sess:b')) - (await client.pTTL('sess:a')))).toBeLessThanOrEqual(1000)
  })

  it('counts, lists and clears what the other wrote', async () => {
    const { before, after } = await open()
    const session = { cookie: { originalMaxAge: null }, n: 1 }
    await before.set('a', session)
    await after.set('b', session)
    expect([await after.length(), await before.length()]).toEqual([2, 2])
    expect((await after.ids()).sort()).toEqual(((await before.ids()) as string[]).sort())
    expect(await after.all()).toHaveLength(2)
    await after.clear()
    expect(await before.length()).toBe(0)
  })

  it('lays its changes on those of processes that still have the old store', async () => {
    const { before, after } = await open()
    await before.set('a', { cookie: { originalMaxAge: null }, cart: ['apple'] })
    const session = (await after.get<Record<string, unknown>>('a')) ?? {}
    await before.set('a', { cookie: { originalMaxAge: null }, cart: ['apple', 'pear'] })
    await after.set('a', Object.assign(session, { user: 'asa' }))
    expect(await before.get('a')).toMatchObject({ cart: ['apple', 'pear'], user: 'asa' })
  })
})

describe('@fastify/session, from connect-redis to this store and back', () => {
  it('keeps its visitors logged in at every step', async () => {
    const { before, after } = await open()
    const visitor = createVisitor(await openFastifySite(before as unknown as typeof after))
    await visitor.post('/cart/apple')
    await visitor.post('/login')
    const swapped = await openFastifySite(after)
    expect((await visitor.at(swapped).get('/read')).body).toEqual({ cart: ['apple'], user: 'asa' })
    await visitor.at(swapped).post('/cart/pear')
    expect((await visitor.get('/read')).body).toEqual({ cart: ['apple', 'pear'], user: 'asa' })
  })
})
