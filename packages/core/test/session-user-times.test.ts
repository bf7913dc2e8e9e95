import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { shopOnClock } from './shop-on-clock.ts'
import { listKey, listOf, livingOf, logIn, unlistedOf, whoIs } from './users.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('the times in the list of a user', () => {
  test('say when the user logged in, when the session was read last, and when it ends, to the millisecond', async () => {
    const { pass, start, ...shop } = shopOnClock()
    const token = await shop.begin({ count: 1 })
    pass(5 * minute)
    const { session } = await logIn(shop, 'åsa', { token })
    const created = start + 5 * minute
    pass(7 * minute)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([
      { createdAt: created, lastSeenAt: created, expiresAt: created + 2 * hour },
    ])
    await shop.sessions.load(session.token)
    pass(minute + 1)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ createdAt: created, lastSeenAt: created + 7 * minute }])
    // Looking at the list is no visit.
    pass(minute)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ lastSeenAt: created + 7 * minute }])
  })

  test('have the session that was seen last in front', async () => {
    const { pass, ...shop } = shopOnClock()
    const [one, two, three] = [await logIn(shop, 'åsa'), await logIn(shop, 'åsa'), await logIn(shop, 'åsa')]
    for (const { token } of [two, three, one]) {
      pass(minute)
      await shop.sessions.load(token)
    }
    expect((await shop.sessions.ofUser('åsa')).map(({ handle }) => handle)).toEqual([
      one.handle,
      three.handle,
      two.handle,
    ])
  })

  test('are never later than what was: in the last idle time before the absolute end they are earlier', async () => {
    const { pass, start, ...shop } = shopOnClock()
    const { token } = await logIn(shop, 'åsa')
    for (let times = 0; times < 5; times++) {
      pass(22 * minute)
      await shop.sessions.load(token)
    }
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ lastSeenAt: start + 90 * minute }])
    pass(9 * minute)
    expect(await shop.sessions.ofUser('åsa')).toHaveLength(1)
    pass(minute)
    expect(await shop.sessions.ofUser('åsa')).toEqual([])
    expect(await listOf(shop, 'åsa')).toEqual([])
  })

  test('are earlier by touchAfter at most, where reads are not to be writes', async () => {
    const { pass, start, ...shop } = shopOnClock({ touchAfter: '5m' })
    const { token } = await logIn(shop, 'åsa')
    await shop.sessions.load(token)
    pass(5 * minute - 1)
    await shop.sessions.load(token)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ lastSeenAt: start }])
    pass(1)
    await shop.sessions.load(token)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ lastSeenAt: start + 5 * minute }])
  })

  test('count with the lifetime that the session was given, and know of its changes', async () => {
    const { pass, start, ...shop } = shopOnClock()
    const session = await shop.sessions.load()
    await session.login('åsa', {}, { lifetime: { idleTimeout: '7d', absoluteTimeout: '30d' } })
    pass(3 * day)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ lastSeenAt: start, expiresAt: start + 30 * day }])
    await session.setLifetime({ idleTimeout: '10m', absoluteTimeout: '1h' })
    pass(5 * minute)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([
      { createdAt: start, lastSeenAt: start + 3 * day, expiresAt: start + 3 * day + hour },
    ])
  })

  test('are those of the session that took over, however often somebody asks for the old id', async () => {
    const { pass, start, ...shop } = shopOnClock()
    const { session, token } = await logIn(shop, 'åsa')
    pass(minute)
    await session.renew()
    for (let times = 0; times < 4; times++) {
      pass(5 * minute)
      expect(await whoIs(shop, token)).toBe('expired')
    }
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ lastSeenAt: start + minute }])
    // A pointer that is read before its end stays in the store, and is no session either.
    const again = await shop.sessions.load(session.token)
    pass(minute)
    await again.renew()
    const renewed = start + 22 * minute
    pass(5000)
    await shop.sessions.load(session.token)
    for (let times = 0; times < 3; times++) {
      pass(9 * minute)
      expect(await whoIs(shop, session.token)).toBe('renewed')
    }
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ lastSeenAt: renewed + 5000 }])
    pass(4 * minute)
    expect(await whoIs(shop, again.token)).toBe('expired')
    expect(await whoIs(shop, session.token)).toBe('renewed')
    expect(await shop.sessions.ofUser('åsa')).toEqual([])
  })

  test('hold for a session whose renewal came to nothing, which is known by its old id', async () => {
    const { pass, start, ...shop } = shopOnClock()
    const { session, token, handle } = await logIn(shop, 'åsa')
    const [id] = await livingOf(shop, 'åsa')
    shop.store.fail('compareAndSet', { key: `session:${id}` })
    await session.renew().catch(() => {})
    pass(minute)
    await shop.sessions.load(token)
    pass(minute)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle, lastSeenAt: start + minute }])
  })
})

describe('the list of a user', () => {
  test('outlives the absolute end of its sessions, whatever their lifetimes', async () => {
    const { pass, ...shop } = shopOnClock()
    await logIn(shop, 'åsa')
    expect(await shop.memory.ttl([listKey('åsa')])).toEqual([3 * hour])
    const long = await shop.sessions.load()
    await long.login('åsa', {}, { lifetime: { idleTimeout: '365d', absoluteTimeout: '365d' } })
    pass(minute)
    await logIn(shop, 'åsa')
    expect(await shop.memory.ttl([listKey('åsa')])).toEqual([365 * day - minute + hour])
    pass(364 * day)
    await shop.sessions.revoke('åsa')
    expect(await whoIs(shop, long.token)).toBe('revoked')
  })

  test('that was emptied stays for a while, so that a session it had lost is not listed anew at its renewal, but ended', async () => {
    const { pass, ...shop } = shopOnClock()
    const lost = await logIn(shop, 'åsa')
    await shop.memory.delete(listKey('åsa'))
    await logIn(shop, 'åsa')
    await shop.otherSessions.revoke('åsa')
    pass(20 * minute)
    expect(await rejection(lost.session.renew())).toMatchObject({ code: 'session-ended' })
    expect(await livingOf(shop, 'åsa')).toEqual([])
    expect(await whoIs(shop, lost.token)).toBe('revoked')
  })
})

describe('a revoked session', () => {
  test('is revoked for as long as it would have been alive, a day at most, and then expired', async () => {
    for (const [idleTimeout, absoluteTimeout, told] of [
      ['30m', '2h', 30 * minute],
      ['30d', '60d', day],
      ['1h', '1h', hour],
    ] as const) {
      const { pass, ...shop } = shopOnClock({ idleTimeout, absoluteTimeout })
      const { token } = await logIn(shop, 'åsa')
      await shop.sessions.revoke('åsa')
      for (const span of [Math.floor(told / 2), told - 1 - Math.floor(told / 2)]) {
        pass(span)
        // Asking is no way to keep it.
        expect(await whoIs(shop, token)).toBe('revoked')
      }
      pass(1)
      expect(await whoIs(shop, token)).toBe('expired')
    }
  })

  test('that is written to stays revoked, and ends nobody else', async () => {
    const shop = shopOnClock()
    const { token } = await logIn(shop, 'åsa')
    await shop.sessions.revoke('åsa')
    const session = await shop.sessions.load(token)
    session.data.count = 1
    await session.commit()
    expect(session.token).not.toBe(token)
    expect(await whoIs(shop, token)).toBe('revoked')
    expect(await whoIs(shop, session.token)).toBe('anonymous')
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
  })
})
