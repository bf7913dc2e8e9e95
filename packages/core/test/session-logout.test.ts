import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { storeKinds, useShops } from './shop.ts'
import { shopOnClock } from './shop-on-clock.ts'
import { livingOf, logIn, whoIs } from './users.ts'

describe.each(storeKinds)('a logout on %s', (kind) => {
  const openShop = useShops(kind)

  test('ends the session for everyone who has its token, loaded or not, and drops what was not committed', async () => {
    for (const isLoaded of [true, false]) {
      for (const end of ['logout', 'destroy'] as const) {
        const shop = openShop()
        const { token } = await logIn(shop, 'åsa', { data: { count: 1 } })
        const session = isLoaded ? await shop.sessions.load(token) : shop.sessions.open(token)
        if (isLoaded) {
          session.data.count = 2
          session.flash('dropped')
        }
        await session[end]()
        expect(session).toMatchObject({
          token: undefined,
          userId: undefined,
          handle: undefined,
          isNew: true,
          isLoaded: true,
          isDestroyed: true,
          endedBecause: 'logged-out',
          expiresAt: undefined,
        })
        expect({ ...session.data }).toEqual({})
        expect(session.peekFlash()).toEqual([])
        expect(await whoIs(shop, token)).toBe('expired')
        await session.commit()
        expect(session.token).toBeUndefined()
        expect(await livingOf(shop, 'åsa')).toEqual([])
      }
    }
  })

  test('keeps the fields that may stay, in an anonymous session of its own, and the language is there', async () => {
    for (const isLoaded of [true, false]) {
      const shop = openShop()
      const { token } = await logIn(shop, 'åsa', { data: { user: 'Åsa', count: 1, cart: ['apple'] } })
      const session = isLoaded ? await shop.sessions.load(token) : shop.sessions.open(token)
      if (isLoaded) {
        session.data.cart?.push('pear')
        delete session.data.count
      }
      await session.logout({ keep: ['cart', 'count', 'a'] })
      const kept = isLoaded ? { cart: ['apple', 'pear'] } : { cart: ['apple'], count: 1 }
      expect({ ...session.data }).toEqual(kept)
      expect(session).toMatchObject({ userId: undefined, isNew: false, isDestroyed: true, endedBecause: 'logged-out' })
      expect(session.token).not.toBe(token)
      expect(await whoIs(shop, session.token)).toBe('anonymous')
      expect(await shop.find(session.token)).toEqual(kept)
      expect(await whoIs(shop, token)).toBe('expired')
      await session.commit()
      session.data.b = 2
      await session.commit()
      expect(await shop.find(session.token)).toEqual({ ...kept, b: 2 })
    }
  })

  test('with nothing of what may stay begins no session', async () => {
    const shop = openShop()
    const { session } = await logIn(shop, 'åsa', { data: { count: 1 } })
    await session.logout({ keep: ['cart'] })
    expect(session.token).toBeUndefined()
    expect((await shop.dump()).size).toBe(1)
  })

  test('of a session that is already gone resolves, and keeps nothing, although the request has it in its hands', async () => {
    for (const end of ['logout', 'revoke'] as const) {
      const shop = openShop()
      const { session, token } = await logIn(shop, 'åsa', { data: { cart: ['apple'] } })
      if (end === 'logout') await shop.otherSessions.open(token).logout()
      else await shop.otherSessions.revoke('åsa')
      await session.logout({ keep: ['cart'] })
      expect(session).toMatchObject({ token: undefined, endedBecause: 'logged-out' })
      expect({ ...session.data }).toEqual({})
      await shop.sessions.open(token).logout({ keep: ['cart'] })
      await shop.sessions.open().logout({ keep: ['cart'] })
      expect(await livingOf(shop, 'åsa')).toEqual([])
    }
  })

  test('with the old id of a renewal ends the session, and keeps its fields', async () => {
    const shop = openShop()
    const { session, token } = await logIn(shop, 'åsa', { data: { cart: ['apple'] } })
    await session.renew()
    const late = shop.otherSessions.open(token)
    await late.logout({ keep: ['cart'] })
    expect(await shop.find(late.token)).toEqual({ cart: ['apple'] })
    expect(await whoIs(shop, session.token)).toBe('expired')
    expect(await livingOf(shop, 'åsa')).toEqual([])
  })

  test('with the anonymous id of before a login does not log the user out', async () => {
    const shop = openShop()
    const token = await shop.begin({ cart: ['apple'] })
    const { session } = await logIn(shop, 'åsa', { token })
    const other = shop.otherSessions.open(token)
    await other.logout({ keep: ['cart'] })
    expect(other.token).toBeUndefined()
    expect({ ...other.data }).toEqual({})
    expect(await whoIs(shop, session.token)).toBe('åsa')
  })

  test('that fails leaves the session as it was, and can be tried again', async () => {
    for (const at of ['before', 'after'] as const) {
      const shop = openShop()
      const { token } = await logIn(shop, 'åsa', { data: { count: 1 } })
      const session = await shop.sessions.load(token)
      shop.store.fail('take', { at })
      expect(await rejection(session.logout())).toMatchObject({ code: 'unavailable' })
      expect(session).toMatchObject({ token, userId: 'åsa', isDestroyed: false, endedBecause: undefined })
      await session.logout()
      expect(await whoIs(shop, token)).toBe('expired')
      expect(await livingOf(shop, 'åsa')).toEqual([])
    }
  })

  test('that cannot store what may stay has ended the session, and the next commit stores it', async () => {
    const shop = openShop()
    const { session, token } = await logIn(shop, 'åsa', { data: { cart: ['apple'] } })
    shop.store.fail('compareAndSet', { code: 'full' })
    expect(await rejection(session.logout({ keep: ['cart'] }))).toMatchObject({ code: 'full' })
    expect(session).toMatchObject({ token: undefined, isDestroyed: true })
    expect(await whoIs(shop, token)).toBe('expired')
    await session.commit()
    expect(await shop.find(session.token)).toEqual({ cart: ['apple'] })
    expect(await whoIs(shop, session.token)).toBe('anonymous')
  })

  test('waits for the login before it, and ends what came of it', async () => {
    const shop = openShop()
    const session = await shop.sessions.load(await shop.begin({ count: 1 }))
    const gate = shop.store.hold('set')
    const login = session.login('åsa')
    await gate.arrived
    const logout = session.logout()
    gate.release()
    await Promise.all([login, logout])
    expect(session.token).toBeUndefined()
    expect(await livingOf(shop, 'åsa')).toEqual([])
  })

  test.each([null, 'cart', [7], [undefined], {}])('that keeps %j is misuse, and ends nothing', async (keep) => {
    const shop = openShop()
    const { session, token } = await logIn(shop, 'åsa')
    const error = await rejection(session.logout({ keep: keep as never }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'invalid-argument' })
    expect(await whoIs(shop, token)).toBe('åsa')
  })

  test('after the response is sealed is an error, and ends nothing', async () => {
    const shop = openShop()
    const { session, token } = await logIn(shop, 'åsa')
    await session.seal()
    for (const end of ['logout', 'destroy'] as const)
      expect(await rejection(session[end]())).toMatchObject({ code: 'session-sealed', operation: `session.${end}` })
    expect(await whoIs(shop, token)).toBe('åsa')
  })
})

test('a field with an end of its own is kept until then, and not at all if it is over', async () => {
  for (const isLoaded of [true, false]) {
    const { pass, ...shop } = shopOnClock()
    const { session } = await logIn(shop, 'åsa', { data: { a: 1, b: 2 } })
    session.expireField('a', '5m')
    session.expireField('b', '1m')
    await session.commit()
    pass(60_000)
    const leaving = isLoaded ? await shop.sessions.load(session.token) : shop.sessions.open(session.token)
    await leaving.logout({ keep: ['a', 'b'] })
    expect({ ...leaving.data }).toEqual({ a: 1 })
    expect(await shop.find(leaving.token)).toEqual({ a: 1 })
    pass(4 * 60_000)
    expect(await shop.find(leaving.token)).toEqual({})
  }
})
