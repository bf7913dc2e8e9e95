import { createSessionStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { rejection } from './caught.ts'
import { type Shop, secret, shopOn } from './shop.ts'

const minute = 60_000

/** A shop over a memory store, both on one clock that stands still until it is told otherwise. */
function shopOnClock(options: Parameters<typeof shopOn>[2] = {}) {
  let time = 1_700_000_000_000
  const now = () => time
  const memory = createMemoryStore({ now })
  const all = { idleTimeout: '30m', absoluteTimeout: '2h', now, ...options } as const
  const shop = shopOn(createFaultyStore(memory), createFaultyStore(memory), all)
  const ttl = async () => memory.ttl([...(await shop.dump()).keys()])
  return { ...shop, memory, now, ttl, start: time, pass: (span: number) => (time += span) }
}

describe('the idle timeout', () => {
  test('ends a session that nobody reads for so long, to the millisecond', async () => {
    const { begin, sessions, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    pass(30 * minute - 1)
    expect((await sessions.load(token)).isNew).toBe(false)
    pass(30 * minute)
    expect(await sessions.load(token)).toMatchObject({ isNew: true, token: undefined, endedBecause: 'expired' })
  })

  test('begins anew with every read, by the reading command itself, and with every write', async () => {
    const { begin, sessions, store, ttl, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    for (let times = 0; times < 3; times++) {
      pass(25 * minute)
      await sessions.load(token)
      expect(await ttl()).toEqual([30 * minute])
    }
    expect(store.calls.list().map(({ verb }) => verb)).toEqual(['get', 'get', 'get'])
    const session = await sessions.load(token)
    pass(10 * minute)
    session.data.count = 1
    await session.commit()
    expect(await ttl()).toEqual([30 * minute])
  })

  test('of a session is the one it began with, also after a deploy that changes it', async () => {
    const { begin, memory, now, ttl } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    const changed = createSessionStore<Shop>(memory, { secrets: secret, idleTimeout: '5m', absoluteTimeout: '2h', now })
    await changed.load(token)
    expect(await ttl()).toEqual([30 * minute])
  })
})

describe('the absolute timeout', () => {
  test('ends a session however busy it is, and no read prolongs it', async () => {
    const { begin, sessions, ttl, pass, start } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    expect(sessions.open(token).expiresAt).toBe(start + 120 * minute)
    for (let times = 0; times < 4; times++) {
      pass(25 * minute)
      expect(await sessions.load(token)).toMatchObject({ isNew: false, expiresAt: start + 120 * minute })
    }
    // 100 minutes are over: what the reads gave last is what is left, and no longer 30 minutes.
    expect(await ttl()).toEqual([20 * minute])
    const writer = await sessions.load(token)
    writer.data.count = 1
    await writer.commit()
    expect(await ttl()).toEqual([20 * minute])
    pass(20 * minute)
    expect(await sessions.load(token)).toMatchObject({ isNew: true, endedBecause: 'expired' })
  })

  test('that is over costs no command', async () => {
    const { begin, sessions, store, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    pass(120 * minute)
    expect((await sessions.load(token)).endedBecause).toBe('expired')
    expect(store.calls.count()).toBe(0)
  })

  test('is kept by a renewal', async () => {
    const { begin, sessions, pass, start } = shopOnClock()
    const session = await sessions.load(await begin({ user: 'Åsa' }))
    pass(20 * minute)
    await session.renew()
    expect(session.expiresAt).toBe(start + 120 * minute)
    for (let times = 0; times < 4; times++) {
      await sessions.load(session.token)
      pass(25 * minute)
    }
    expect((await sessions.load(session.token)).isNew).toBe(true)
  })

  test('that passes while a request is under way refuses its writes', async () => {
    const { begin, sessions, memory, dump, pass } = shopOnClock({ idleTimeout: '2h' })
    const token = await begin({ user: 'Åsa' })
    const session = await sessions.load(token)
    const damaged = await sessions.load(token)
    const [key] = (await dump()).keys()
    pass(120 * minute)
    session.data.count = 1
    expect(await rejection(session.commit())).toMatchObject({ code: 'session-ended', applied: 'no' })
    expect(await rejection(damaged.renew())).toMatchObject({ code: 'session-ended', applied: 'no' })
    expect(await memory.get(key as string)).toBeUndefined()
  })

  test('that passes while a request holds a damaged session refuses its writes too', async () => {
    const { begin, sessions, memory, dump, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    const [key] = (await dump()).keys()
    await memory.set(key as string, Uint8Array.of(1), 500 * minute)
    const session = await sessions.load(token)
    session.data.count = 1
    pass(120 * minute)
    expect(await rejection(session.commit())).toMatchObject({ code: 'session-ended', applied: 'no' })
  })

  test('that became shorter holds for sessions that began under a longer one', async () => {
    const { begin, memory, now, pass, start } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    const changed = createSessionStore<Shop>(memory, {
      secrets: secret,
      idleTimeout: '30m',
      absoluteTimeout: '1h',
      now,
    })
    pass(29 * minute)
    expect(await changed.load(token)).toMatchObject({ isNew: false, expiresAt: start + 60 * minute })
    pass(29 * minute)
    expect((await changed.load(token)).isNew).toBe(false)
    pass(2 * minute)
    const late = await changed.load(token)
    expect(late).toMatchObject({ isNew: true, endedBecause: 'expired' })
    expect({ ...late.data }).toEqual({})
  })
})

describe('the grace of a renewal', () => {
  test('ends when it ends: no read of the old id prolongs it', async () => {
    const { begin, sessions, find, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    const session = await sessions.load(token)
    const inFlight = await sessions.load(token)
    await session.renew({ grace: '10s' })
    pass(9999)
    expect(await find(token)).toEqual({ user: 'Åsa' })
    pass(1)
    expect(await sessions.load(token)).toMatchObject({ isNew: true, token: undefined, endedBecause: 'renewed' })
    inFlight.data.count = 1
    expect(await rejection(inFlight.commit())).toMatchObject({ code: 'session-ended' })
    expect(await find(session.token)).toEqual({ user: 'Åsa' })
  })

  test('is that of the store unless it is given', async () => {
    const { begin, sessions, find, pass } = shopOnClock({ renewGrace: '3s' })
    const token = await begin({ user: 'Åsa' })
    await (await sessions.load(token)).renew()
    pass(2999)
    expect(await find(token)).toBeDefined()
    pass(1)
    expect(await find(token)).toBeUndefined()
  })
})

test('a clock that counts in fractions makes no fractions of expiries', async () => {
  const { begin, sessions, ttl, pass } = shopOnClock()
  pass(0.25)
  const token = await begin({ user: 'Åsa' })
  for (let times = 0; times < 4; times++) {
    pass(25 * minute + 0.3)
    expect((await sessions.load(token)).isNew).toBe(false)
  }
  expect(await ttl()).toEqual([expect.closeTo(20 * minute, -1)])
})

describe('the deadline', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('of a writer that waits behind another: nothing of it was sent, as its error says, and nothing will be', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
    const { begin, sessions, store, find } = shopOnClock({ deadline: 100 })
    const token = await begin({ user: 'Åsa' })
    const requests = await Promise.all([1, 2].map(() => sessions.load(token)))
    requests.forEach((session, index) => (session.data[`field${index}`] = index))
    const gate = store.hold('compareAndSet')
    const ends = Promise.all(requests.map((session) => rejection(session.commit())))
    await vi.advanceTimersByTimeAsync(101)
    const [first, second] = await ends
    expect(first).toMatchObject({ code: 'timeout', applied: 'unknown' })
    expect(second).toMatchObject({ code: 'timeout', operation: 'session.commit', applied: 'no' })
    gate.release()
    await vi.advanceTimersByTimeAsync(10)
    expect(await find(token)).toEqual({ user: 'Åsa', field0: 0 })
  })
})
