import { createSessionStore } from '@transient/core'
import { describe, expect, test } from 'vitest'
import { createTouchMemory } from '../src/lib/session/touch-memory.ts'
import { caught, rejection } from './caught.ts'
import { type Shop, secret } from './shop.ts'
import { shopOnClock } from './shop-on-clock.ts'

const minute = 60_000
const day = 86_400_000

describe('a lifetime of its own', () => {
  test('keeps a session for a year, and the cookie as long', async () => {
    const { sessions, begin, now, pass } = shopOnClock()
    const session = await sessions.load(await begin({ user: 'Åsa' }))
    const before = session.token
    await session.setLifetime({ idleTimeout: '30d', absoluteTimeout: 31_536_000_000, persistent: true })
    expect(session.token).not.toBe(before)
    expect(session).toMatchObject({ expiresAt: now() + 365 * day, isPersistent: true })
    for (let days = 0; days < 348; days += 29) {
      pass(29 * day)
      const next = await sessions.load(session.token)
      expect(next).toMatchObject({ isNew: false, isPersistent: true, token: session.token })
    }
    pass(365 * day - 348 * day)
    expect(await sessions.load(session.token)).toMatchObject({ isNew: true, endedBecause: 'expired' })
  })

  test('leaves what is not said as it was', async () => {
    const { sessions, begin, now, pass } = shopOnClock({ absoluteTimeout: '12h' })
    const session = await sessions.load(await begin({ user: 'Åsa' }))
    const ends = now() + 12 * 60 * minute
    pass(10 * minute)
    await session.setLifetime({ persistent: false })
    expect(session).toMatchObject({ expiresAt: ends, isPersistent: false })
    await session.setLifetime({ idleTimeout: '5m' })
    expect(session).toMatchObject({ expiresAt: ends, isPersistent: false })
    pass(5 * minute)
    expect((await sessions.load(session.token)).endedBecause).toBe('expired')
  })

  test('of a new visitor waits for the first write', async () => {
    const { sessions, store, now } = shopOnClock()
    const session = await sessions.load()
    await session.setLifetime({ absoluteTimeout: '30d', persistent: true })
    expect(session).toMatchObject({ token: undefined, expiresAt: undefined, isPersistent: undefined })
    expect(store.calls.list()).toEqual([])
    session.data.count = 1
    await session.commit()
    expect(session).toMatchObject({ expiresAt: now() + 30 * day, isPersistent: true })
    expect((await sessions.load(session.token)).isPersistent).toBe(true)
  })

  test('comes with a login in the same step, or is what the visitor had chosen before', async () => {
    const { sessions, store, now, pass } = shopOnClock()
    const session = await sessions.load()
    session.data.count = 1
    await session.login('åsa', {}, { lifetime: { idleTimeout: '7d', absoluteTimeout: '60d', persistent: true } })
    expect(
      store.calls
        .list()
        .map(({ verb }) => verb)
        .sort(),
    ).toEqual(['compareAndSet', 'get', 'set'])
    expect(session).toMatchObject({ expiresAt: now() + 60 * day, isPersistent: true })
    pass(6 * day)
    expect((await sessions.load(session.token)).userId).toBe('åsa')

    const chooser = await sessions.load()
    await chooser.setLifetime({ absoluteTimeout: '60d', persistent: true })
    await chooser.login('örjan')
    expect(chooser).toMatchObject({ expiresAt: now() + 60 * day, isPersistent: true })
  })

  test('is not undone by a shorter absolute timeout of the store', async () => {
    const { sessions, begin, memory, now, pass } = shopOnClock()
    const session = await sessions.load(await begin({ user: 'Åsa' }))
    await session.setLifetime({ idleTimeout: '30d', absoluteTimeout: '60d' })
    const stricter = createSessionStore<Shop>(memory, {
      secrets: secret,
      now,
      idleTimeout: '30m',
      absoluteTimeout: '1h',
    })
    pass(20 * day)
    expect((await stricter.load(session.token)).isNew).toBe(false)
  })

  test('is followed by requests in flight, as a renewal is', async () => {
    const { sessions, begin } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    await (await sessions.load(token)).setLifetime({ absoluteTimeout: '30d' })
    const late = await sessions.load(token)
    expect(late).toMatchObject({ isNew: false, token })
  })

  test.each([
    ['longer', { idleTimeout: '30d', absoluteTimeout: '365d' }, 30 * day],
    ['shorter', { idleTimeout: '1m' }, minute],
  ] as const)('that is %s is not undone by a request in flight with the old token', async (_, lifetime, idle) => {
    const { sessions, begin, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    const session = await sessions.load(token)
    await session.setLifetime(lifetime)
    await sessions.load(token)
    pass(idle - 1)
    expect((await sessions.load(session.token)).isNew).toBe(false)
    pass(idle)
    expect((await sessions.load(session.token)).endedBecause).toBe('expired')
  })

  test.each([{}, { grace: false } as const])(
    'goes along when a request in flight with the old token renews: %j',
    async (options) => {
      const { sessions, begin, pass } = shopOnClock()
      const token = await begin({ user: 'Åsa' })
      const slow = await sessions.load(token)
      await (await sessions.load(token)).setLifetime({ idleTimeout: '30d', absoluteTimeout: '365d' })
      const renewing = options.grace === false ? slow : await sessions.load(token)
      await renewing.renew(options)
      for (let month = 0; month < 12; month++) {
        pass(30 * day - 1)
        expect((await sessions.load(renewing.token)).isNew).toBe(false)
      }
    },
  )

  test.each([
    [{ idleTimeout: '13h' }, 'idleTimeout'],
    [{ absoluteTimeout: '1m' }, 'idleTimeout'],
    [{ idleTimeout: '5 minuts' }, 'idleTimeout'],
    [{ absoluteTimeout: 0 }, 'absoluteTimeout'],
    [{ absoluteTimeout: Number.POSITIVE_INFINITY }, 'absoluteTimeout'],
    [{ persistent: 'yes' }, 'persistent'],
  ])('that makes no sense is refused by its name, and the session stays as it was: %j', async (lifetime, name) => {
    const { sessions, begin } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    for (const of of [token, undefined]) {
      const session = await sessions.load(of)
      const error = await rejection(session.setLifetime(lifetime as never))
      expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining(name) as string })
      session.data.count = 2
      await session.commit()
      expect((await sessions.load(session.token)).data.count).toBe(2)
    }
  })
})

describe('a session that outlives its cookie', () => {
  test('gets a new one when half of 400 days is over, and not before', async () => {
    const { sessions, store, now, pass, begin } = shopOnClock({ idleTimeout: '300d', absoluteTimeout: '3650d' })
    const token = await begin({ user: 'Åsa' })
    expect(sessions.open(token).expiresAt).toBe(now() + 400 * day)
    pass(200 * day)
    expect((await sessions.load(token)).token).toBe(token)
    pass(1)
    const renewed = await sessions.load(token)
    expect(renewed.token).not.toBe(token)
    expect(renewed.expiresAt).toBe(now() + 400 * day)
    // Once in 200 days a read costs a second command, because the first could not know of the new end.
    store.calls.clear()
    await sessions.load(renewed.token)
    expect(store.calls.list()).toHaveLength(1)
    pass(250 * day)
    expect((await sessions.load(renewed.token)).data).toMatchObject({ user: 'Åsa' })
    // The cookie that was replaced is one no browser would still have.
    expect((await sessions.load(token)).endedBecause).toBe('expired')
  })

  test('ends at its absolute end all the same', async () => {
    const { sessions, begin, pass } = shopOnClock({ idleTimeout: '300d', absoluteTimeout: '500d' })
    let token: string | undefined = await begin({ user: 'Åsa' })
    for (const days of [250, 249]) {
      pass(days * day)
      token = (await sessions.load(token)).token
    }
    expect(token).toBeDefined()
    pass(day)
    expect((await sessions.load(token)).endedBecause).toBe('expired')
  })
})

describe('a field with an end of its own', () => {
  test('is absent for whoever loads the session after that, and leaves the others alone', async () => {
    const { sessions, begin, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    const session = await sessions.load(token)
    session.data.count = 1
    session.expireField('count', '5m')
    await session.commit()
    pass(5 * minute - 1)
    expect({ ...(await sessions.load(token)).data }).toEqual({ user: 'Åsa', count: 1 })
    pass(1)
    const next = await sessions.load(token)
    expect({ ...next.data }).toEqual({ user: 'Åsa' })
    expect('count' in next.data).toBe(false)
    expect(await next.update('count', (count = 0) => count + 1)).toBe(1)
    pass(6 * minute)
    expect((await sessions.load(token)).data.count).toBe(1)
  })

  test('is not read by a write that comes after its end, and leaves the store with that write', async () => {
    const { sessions, begin, dump, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa', count: 7 })
    const session = await sessions.load(token)
    session.expireField('count', '5m')
    await session.commit()
    pass(5 * minute)
    expect([...(await dump()).values()][0]).toContain('"count":7')
    const next = await sessions.load(token)
    next.data.a = 1
    await next.commit()
    expect([...(await dump()).values()][0]).not.toContain('count')
  })

  test('keeps its end through updates and changes inside it, and loses it when it is assigned anew', async () => {
    const { sessions, begin, pass } = shopOnClock()
    const token = await begin({ cart: ['mug'], count: 1, a: 1 })
    const first = await sessions.load(token)
    for (const field of ['cart', 'count', 'a'] as const) first.expireField(field, '5m')
    await first.commit()
    const second = await sessions.load(token)
    second.data.cart?.push('bowl')
    second.data.a = 2
    await second.commit()
    await second.update('count', (count = 0) => count + 1)
    expect({ ...(await sessions.load(token)).data }).toEqual({ cart: ['mug', 'bowl'], count: 2, a: 2 })
    pass(5 * minute)
    expect({ ...(await sessions.load(token)).data }).toEqual({ a: 2 })
  })

  test('gets its end with the value in one request, whichever is said last', async () => {
    const { sessions, begin, pass } = shopOnClock()
    const token = await begin({ user: 'Åsa' })
    const session = await sessions.load(token)
    session.data.a = 1
    session.expireField('a', '1m')
    session.expireField('b', '1m')
    session.data.b = 1
    session.data.count = 1
    session.expireField('count', '10m')
    session.expireField('count', '1m')
    await session.commit()
    pass(minute)
    expect({ ...(await sessions.load(token)).data }).toEqual({ user: 'Åsa', b: 1 })
  })

  test('takes its end along through a renewal and a login', async () => {
    const { sessions, begin, pass } = shopOnClock()
    const session = await sessions.load(await begin({ user: 'Åsa' }))
    session.data.count = 1
    session.expireField('count', '5m')
    await session.renew()
    await session.login('åsa')
    pass(5 * minute)
    expect({ ...(await sessions.load(session.token)).data }).toEqual({ user: 'Åsa' })
  })

  test('is refused a wrong end or name, before the load and after the seal', async () => {
    const { sessions } = shopOnClock()
    const session = sessions.open()
    expect(caught(() => session.expireField('a', '5m'))).toMatchObject({ code: 'session-not-loaded' })
    await session.load()
    for (const after of [0, -1, Number.NaN, '5 minuts', Number.POSITIVE_INFINITY]) {
      expect(caught(() => session.expireField('a', after as never))).toMatchObject({ code: 'invalid-argument' })
    }
    expect(caught(() => session.expireField('\u0000x' as 'a', '5m'))).toMatchObject({ code: 'invalid-argument' })
    expect(caught(() => session.expireField(7 as never, '5m'))).toMatchObject({ code: 'invalid-argument' })
    void session.seal()
    expect(caught(() => session.expireField('a', '5m'))).toMatchObject({ code: 'session-sealed' })
  })
})

describe('throttled touching', () => {
  test('begins the idle time anew at most every so often, and reads with one command all the same', async () => {
    const { sessions, store, memory, begin, dump, pass } = shopOnClock({ touchAfter: '5m' })
    const token = await begin({ user: 'Åsa' })
    const keys = [...(await dump()).keys()]
    const left = async () => (await memory.ttl(keys))[0]
    store.calls.clear()
    await sessions.load(token)
    pass(5 * minute - 1)
    await sessions.load(token)
    expect(await left()).toBe(25 * minute + 1)
    pass(1)
    await sessions.load(token)
    expect(await left()).toBe(30 * minute)
    expect(store.calls.list().map(({ verb }) => verb)).toEqual(['get', 'get', 'get'])
  })

  test('touches a session with a shorter idle time of its own before that is over', async () => {
    const { sessions, begin, pass } = shopOnClock({ touchAfter: '5m' })
    const session = await sessions.load(await begin({ user: 'Åsa' }))
    await session.setLifetime({ idleTimeout: '1m' })
    for (let read = 0; read < 10; read++) {
      pass(minute / 2)
      expect((await sessions.load(session.token)).isNew).toBe(false)
    }
  })

  test('is of each process alone: one that has not seen the session touches it', async () => {
    const { sessions, otherSessions, memory, begin, dump, pass } = shopOnClock({ touchAfter: '5m' })
    const token = await begin({ user: 'Åsa' })
    const keys = [...(await dump()).keys()]
    await sessions.load(token)
    pass(4 * minute)
    await otherSessions.load(token)
    expect((await memory.ttl(keys))[0]).toBe(30 * minute)
  })

  test('touches again what was forgotten among very many, and remembers what was touched last', () => {
    const isDue = createTouchMemory(5 * minute)
    expect([isDue('first', 0, 30 * minute), isDue('second', 0, 30 * minute), isDue('first', 1, 30 * minute)]).toEqual([
      true,
      true,
      false,
    ])
    expect(isDue('first', 5 * minute, 30 * minute)).toBe(true)
    for (let others = 0; others < 9_999; others++) isDue(`other ${others}`, 5 * minute, 30 * minute)
    expect([isDue('first', 6 * minute, 30 * minute), isDue('second', 6 * minute, 30 * minute)]).toEqual([false, true])
  })

  test('has to be shorter than the idle timeout', () => {
    for (const touchAfter of ['30m', '1h', 0, '5 minuts'])
      expect(caught(() => shopOnClock({ touchAfter: touchAfter as never }))).toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('touchAfter') as string,
      })
  })
})
