import { randomUUID } from 'node:crypto'
import { createSessionStore, type SessionStore, type TransientStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createMockStore } from '@transient/mock'
import { createRedisStore } from '@transient/redis'
import { type RedisMonitor, type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { countRoundTrips, type RoundTrips } from './round-trips.ts'
import { type Shop, secret, storeKinds } from './shop.ts'

describe.each(storeKinds)('what sessions cost on %s', (kind) => {
  let server: RedisServer | undefined
  let monitor: RedisMonitor | undefined
  let inner: TransientStore
  let counter: RoundTrips
  let sessions: SessionStore<Shop>

  beforeAll(async () => {
    if (kind === 'redis') server = await startRedis()
    monitor = await server?.monitor()
  }, 120_000)
  afterAll(async () => {
    monitor?.stop()
    await server?.stop()
  })
  beforeEach(async () => {
    if (kind === 'memory') inner = createMemoryStore()
    else if (kind === 'mock') inner = createMockStore()
    else inner = createRedisStore((server as RedisServer).url)
    counter = countRoundTrips(inner)
    sessions = createSessionStore<Shop>(counter.store, {
      secrets: secret,
      deadline: '30s',
      maxSessionsPerUser: 10,
      prefix: `${randomUUID()}:`,
    })
    // A server learns a script with its first use, and that is a command more.
    for (const expected of [null, Uint8Array.of(1)])
      await inner.compareAndSet('warm', expected as never, Uint8Array.of(1), 1)
    await inner.set('warm', new Uint8Array(40), 1000)
    await inner.compareAndSet('warm', new Uint8Array(40), new Uint8Array(40), 1000, { stamp: 36 })
    await inner.compareAndSet('warm', new Uint8Array(40), null, undefined as never)
  })
  afterEach(() => inner.close())

  /** The calls and round trips of the work; on a real server also the commands of the client, which have to be as many. */
  async function cost(work: () => Promise<unknown>): Promise<{ calls: string[]; trips: number }> {
    await monitor?.clear()
    const spent = await counter.of(work)
    const names = (await monitor?.commands())?.map(({ name }) => name)
    // The keys of a batch are commands of their own, which travel together.
    const sent = names?.filter((name, at) => name !== 'PTTL' || names[at - 1] !== 'PTTL')
    if (sent !== undefined) expect(sent).toHaveLength(spent.calls.length)
    return spent
  }

  async function visitor(): Promise<string> {
    const session = await sessions.load()
    session.data.count = 1
    session.flash('other queue', { queue: 'other' })
    await session.commit()
    return session.token as string
  }

  async function user(name = 'åsa'): Promise<string> {
    const session = await sessions.load()
    session.data.count = 1
    await session.login(name)
    return session.token as string
  }

  test('a visitor without a session, or with a token that is not ours: nothing', async () => {
    for (const token of [undefined, '', 'forged', `${await visitor()}x`]) {
      const spent = await cost(async () => {
        const session = await sessions.load(token)
        await session.commit()
        await session.takeFlash()
        await session.logout()
      })
      expect(spent.calls).toEqual([])
    }
  })

  test('a read: one command. A write: one more. A first write: one', async () => {
    const token = await visitor()
    expect(await cost(async () => (await sessions.load(token)).commit())).toEqual({ calls: ['get'], trips: 1 })
    const write = await cost(async () => {
      const session = await sessions.load(token)
      session.data.a = 1
      session.flash('hello')
      await session.commit()
    })
    expect(write).toEqual({ calls: ['get', 'compareAndSet'], trips: 2 })
    expect(await cost(visitor)).toEqual({ calls: ['compareAndSet'], trips: 1 })
  })

  test('taking messages of an empty queue: nothing. Of one that has some: one', async () => {
    const session = await sessions.load(await visitor())
    expect(await cost(() => session.takeFlash())).toEqual({ calls: [], trips: 0 })
    expect(await cost(() => session.takeFlash('other'))).toEqual({ calls: ['compareAndSet'], trips: 1 })
    expect(await cost(() => session.takeFlash('other'))).toEqual({ calls: [], trips: 0 })
  })

  test('a login, the load included: five commands in four round trips at most, over whatever session', async () => {
    for (const [token, most] of [
      [undefined, { commands: 3, trips: 2 }],
      [await visitor(), { commands: 5, trips: 4 }],
      [await user('åsa'), { commands: 5, trips: 4 }],
      [await user('örjan'), { commands: 5, trips: 4 }],
    ] as const) {
      const { calls, trips } = await cost(async () => {
        const session = await sessions.load(token)
        session.data.a = 1
        await session.login('åsa', { device: 'phone' })
        await session.commit()
      })
      expect(calls.length).toBeLessThanOrEqual(most.commands)
      expect(trips).toBeLessThanOrEqual(most.trips)
    }
  })

  test('a login to a full list: two commands and two round trips more, for who has to go', async () => {
    for (let times = 0; times < 10; times++) await user()
    const { calls, trips } = await cost(user)
    expect(calls.sort()).toEqual(['compareAndSet', 'get', 'set', 'setMany', 'ttl'])
    expect(trips).toBe(4)
  })

  test('a logout: one command, loaded or not. One that keeps something: one more', async () => {
    expect(
      await cost(async () =>
        sessions
          .open(await user())
          .logout()
          .then(() => {}),
      ),
    ).toBeDefined()
    for (const end of ['logout', 'destroy'] as const) {
      const token = await user()
      expect(await cost(() => sessions.open(token)[end]())).toEqual({ calls: ['take'], trips: 1 })
    }
    const token = await user()
    const kept = await cost(() => sessions.open(token).logout({ keep: ['count'] }))
    expect(kept).toEqual({ calls: ['take', 'compareAndSet'], trips: 2 })
  })

  test('a renewal: two commands for a visitor, four in three round trips for a user', async () => {
    const [anonymous, known] = [await sessions.load(await visitor()), await sessions.load(await user())]
    expect(await cost(() => anonymous.renew())).toEqual({ calls: ['set', 'compareAndSet'], trips: 2 })
    const { calls, trips } = await cost(() => known.renew())
    expect(calls.sort()).toEqual(['compareAndSet', 'compareAndSet', 'get', 'set'])
    expect(trips).toBe(3)
  })

  test('the list of a user: two round trips, however many sessions there are. Of an unknown one: one', async () => {
    for (let times = 0; times < 10; times++) {
      await user()
      expect(await cost(() => sessions.ofUser('åsa'))).toEqual({ calls: ['get', 'ttl'], trips: 2 })
    }
    const session = await sessions.load(await user())
    await session.renew()
    expect(await cost(() => sessions.ofUser('åsa'))).toEqual({ calls: ['get', 'ttl'], trips: 2 })
    expect(await cost(() => sessions.ofUser('nobody'))).toEqual({ calls: ['get'], trips: 1 })
  })

  test('that finds some that are over takes them off in one round trip more, once', async () => {
    await user()
    await sessions.open(await user()).logout()
    expect(await cost(() => sessions.ofUser('åsa'))).toEqual({ calls: ['get', 'ttl', 'compareAndSet'], trips: 3 })
    expect(await cost(() => sessions.ofUser('åsa'))).toEqual({ calls: ['get', 'ttl'], trips: 2 })
  })

  test('ending the ten sessions of a user: three round trips. Of an unknown one: one', async () => {
    for (let times = 0; times < 10; times++) await user()
    const { calls, trips } = await counter.of(() => sessions.revoke('åsa'))
    expect(calls).toEqual(['get', 'setMany', 'compareAndSet'])
    expect(trips).toBe(3)
    expect(await cost(() => sessions.revoke('nobody'))).toEqual({ calls: ['get'], trips: 1 })
  })
})
