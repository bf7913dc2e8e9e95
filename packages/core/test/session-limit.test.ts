import { createSessionStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'
import { secret, storeKinds, useShops } from './shop.ts'
import { shopOnClock } from './shop-on-clock.ts'
import { listKey, listOf, livingOf, logIn, unlistedOf, whoIs } from './users.ts'

const minute = 60_000

describe.each(storeKinds)('the most sessions of a user on %s', (kind) => {
  const openShop = useShops(kind)

  test('are kept: a login beyond that ends one, and its visitor is told', async () => {
    const shop = openShop({ maxSessionsPerUser: 3 })
    const browsers = []
    for (let times = 0; times < 6; times++) browsers.push(await logIn(shop, 'åsa'))
    await logIn(shop, 'örjan')
    const who = await Promise.all(browsers.map(({ token }) => whoIs(shop, token)))
    expect(who.filter((one) => one === 'revoked')).toHaveLength(3)
    expect(who.filter((one) => one === 'åsa')).toHaveLength(3)
    expect(who.at(-1)).toBe('åsa')
    expect(await shop.sessions.ofUser('åsa')).toHaveLength(3)
  })

  test('are counted among the living: those that have ended push nobody out', async () => {
    const shop = openShop({ maxSessionsPerUser: 2 })
    const stays = await logIn(shop, 'åsa')
    for (let times = 0; times < 5; times++) await (await logIn(shop, 'åsa')).session.logout()
    const last = await logIn(shop, 'åsa')
    expect(await whoIs(shop, stays.token)).toBe('åsa')
    expect(await whoIs(shop, last.token)).toBe('åsa')
    expect(await listOf(shop, 'åsa')).toHaveLength(2)
  })

  test('are not one more for who logs in again, nor for who renews', async () => {
    const shop = openShop({ maxSessionsPerUser: 2 })
    const one = await logIn(shop, 'åsa')
    const two = await logIn(shop, 'åsa')
    for (let times = 0; times < 3; times++) {
      await one.session.login('åsa')
      await two.session.renew()
    }
    expect(await whoIs(shop, one.session.token)).toBe('åsa')
    expect(await whoIs(shop, two.session.token)).toBe('åsa')
  })

  test('can be one: whoever logs in last is in', async () => {
    const shop = openShop({ maxSessionsPerUser: 1 })
    const one = await logIn(shop, 'åsa')
    const two = await logIn({ sessions: shop.otherSessions }, 'åsa')
    expect(await whoIs(shop, one.token)).toBe('revoked')
    expect(await whoIs(shop, two.token)).toBe('åsa')
  })

  test('hold for logins at the same moment, which push out no more than they must', async () => {
    const shop = openShop({ maxSessionsPerUser: 3 })
    for (let times = 0; times < 3; times++) await logIn(shop, 'åsa')
    // The first has pushed one out, and finds then that the list is another by now.
    const gate = shop.store.hold('compareAndSet', { key: listKey('åsa') })
    const first = logIn(shop, 'åsa')
    await gate.arrived
    await shop.otherSessions.revoke('åsa', { only: (await listOf(shop, 'åsa')).at(-1)?.handle as string })
    gate.release()
    await first
    expect(await shop.sessions.ofUser('åsa')).toHaveLength(2)
    expect(await livingOf(shop, 'åsa')).toHaveLength(2)
    await Promise.all([shop.sessions, shop.otherSessions, shop.sessions].map((sessions) => logIn({ sessions }, 'åsa')))
    expect(await livingOf(shop, 'åsa')).toHaveLength(3)
    expect(await shop.sessions.ofUser('åsa')).toHaveLength(3)
  })

  test('end one that is being renewed, under whatever id', async () => {
    for (const at of ['before', 'after'] as const) {
      const shop = openShop({ maxSessionsPerUser: 1 })
      const { session, token } = await logIn(shop, 'åsa')
      const gate = shop.store.hold('compareAndSet', { at, key: listKey('åsa') })
      const renewal = session.renew().catch((error: unknown) => error)
      await gate.arrived
      const other = await logIn({ sessions: shop.otherSessions }, 'åsa')
      gate.release()
      expect(await renewal).toMatchObject({ code: 'session-ended' })
      for (const text of [token, session.token]) expect(await whoIs(shop, text)).toBe('revoked')
      expect(await whoIs(shop, other.token)).toBe('åsa')
      expect(await unlistedOf(shop, 'åsa')).toEqual([])
    }
  })

  test('end one that gets another id while the login is about to end it, or has to look at the list again', async () => {
    for (const verb of ['setMany', 'compareAndSet'] as const) {
      const shop = openShop({ maxSessionsPerUser: 1 })
      const { session } = await logIn(shop, 'åsa')
      const pushing = shop.otherStore.hold(verb, verb === 'compareAndSet' ? { key: listKey('åsa') } : {})
      const login = logIn({ sessions: shop.otherSessions }, 'åsa')
      await pushing.arrived
      await session.renew().catch(() => {})
      pushing.release()
      await login
      expect(await livingOf(shop, 'åsa')).toHaveLength(1)
      expect(await unlistedOf(shop, 'åsa')).toEqual([])
      expect(await whoIs(shop, session.token)).not.toBe('åsa')
      expect(await shop.sessions.ofUser('åsa')).toHaveLength(1)
    }
  })
})

test('who was seen least recently has to go', async () => {
  const { pass, ...shop } = shopOnClock({ maxSessionsPerUser: 3 })
  const browsers = []
  for (let times = 0; times < 3; times++) {
    pass(minute)
    browsers.push(await logIn(shop, 'åsa'))
  }
  pass(minute)
  await shop.sessions.load(browsers[0]?.token)
  await logIn(shop, 'åsa')
  const who = await Promise.all(browsers.map(({ token }) => whoIs(shop, token)))
  expect(who).toEqual(['åsa', 'revoked', 'åsa'])
})

test('a session that is over for its age pushes nobody out, and leaves the list', async () => {
  const { pass, ...shop } = shopOnClock({ maxSessionsPerUser: 2 })
  await logIn(shop, 'åsa')
  pass(25 * minute)
  const stays = await logIn(shop, 'åsa')
  pass(10 * minute)
  const last = await logIn(shop, 'åsa')
  expect(await whoIs(shop, stays.token)).toBe('åsa')
  expect((await listOf(shop, 'åsa')).map(({ handle }) => handle)).toEqual([stays.handle, last.handle])
})

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 2 ** 53])(
  '%j sessions are refused when the store is made',
  (most) => {
    const error = caught(() =>
      createSessionStore(createMemoryStore(), { secrets: secret, maxSessionsPerUser: most as never }),
    )
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('maxSessionsPerUser') as string,
    })
  },
)
