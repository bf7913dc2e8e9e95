import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { storeKinds, useShops } from './shop.ts'
import { livingOf, logIn, unlistedOf, whoIs } from './users.ts'

const hostileUsers = ['__proto__', 'constructor', '*', '[a-z]?', 'a:b\\c', ' ', '\u0000', 'å'.repeat(512), '👩‍👩‍👧‍👦']

describe.each(storeKinds)('a login on %s', (kind) => {
  const openShop = useShops(kind)

  test('makes it the session of the user, under a new id, with what the visitor had and has not committed yet', async () => {
    const shop = openShop()
    const token = await shop.begin({ cart: ['apple'], count: 1 })
    const session = await shop.sessions.load(token)
    session.data.count = 2
    session.data.cart?.push('pear')
    session.flash('Welcome')
    expect(session).toMatchObject({ userId: undefined, handle: undefined })
    await session.login('åsa', { device: 'phone' })
    expect(session).toMatchObject({ userId: 'åsa', isNew: false, isLoaded: true, endedBecause: undefined })
    expect(session.token).not.toBe(token)
    expect(session.handle).toEqual(expect.any(String))
    const next = await shop.otherSessions.load(session.token)
    expect(next).toMatchObject({ userId: 'åsa', handle: session.handle })
    expect({ ...next.data }).toEqual({ cart: ['apple', 'pear'], count: 2 })
    expect(await next.takeFlash()).toEqual([{ kind: 'info', message: 'Welcome' }])
  })

  test('goes on as any session does: what is changed afterwards is committed, and only that', async () => {
    const shop = openShop()
    const { session } = await logIn(shop, 'åsa', { data: { a: 1 } })
    session.data.b = 2
    await shop.otherSessions.open(session.token).update('count', () => 3)
    await session.commit()
    expect(await shop.find(session.token)).toEqual({ a: 1, b: 2, count: 3 })
  })

  test('loads first where nothing was loaded, and needs no session to begin with', async () => {
    const shop = openShop()
    const lazy = shop.sessions.open(await shop.begin({ count: 1 }))
    await lazy.login('åsa')
    expect({ ...lazy.data }).toEqual({ count: 1 })
    const visitor = shop.sessions.open()
    await visitor.login('örjan')
    expect(await whoIs(shop, visitor.token)).toBe('örjan')
    expect({ ...visitor.data }).toEqual({})
  })

  test('leaves the old id leading to no session, for whoever comes with it', async () => {
    const shop = openShop()
    const token = await shop.begin({ cart: ['apple'] })
    await logIn(shop, 'åsa', { token, data: { user: 'åsa' } })
    const other = await shop.otherSessions.load(token)
    expect(other).toMatchObject({ token: undefined, isNew: true, userId: undefined, endedBecause: 'renewed' })
    expect({ ...other.data }).toEqual({})
    expect(await whoIs(shop, token)).toBe('renewed')
    await shop.otherSessions.open(token).destroy()
    expect(await livingOf(shop, 'åsa')).toHaveLength(1)
  })

  test('after the cookie was lost: who comes with the old id writes nothing, and can log in', async () => {
    const shop = openShop()
    const token = await shop.begin({ cart: ['apple'] })
    const first = await logIn(shop, 'åsa', { token, data: { count: 1 } })
    const again = await shop.otherSessions.load(token)
    again.data.count = 7
    expect(await rejection(again.commit())).toMatchObject({ code: 'session-ended', applied: 'no' })
    expect(again).toMatchObject({ token: undefined, isDestroyed: false })
    await again.login('örjan')
    expect(await whoIs(shop, again.token)).toBe('örjan')
    expect(await shop.find(again.token)).toEqual({ count: 7 })
    expect(await shop.find(first.token)).toEqual({ cart: ['apple'], count: 1 })
    expect(await whoIs(shop, first.token)).toBe('åsa')
  })

  test('over a session of the same user goes on with it: handle and data stay, attributes and id are new', async () => {
    const shop = openShop()
    const first = await logIn(shop, 'åsa', { data: { count: 1 }, attributes: { device: 'phone' } })
    const again = await logIn(shop, 'åsa', { token: first.token, data: { a: 1 }, attributes: { device: 'tablet' } })
    expect(again.handle).toBe(first.handle)
    expect(again.token).not.toBe(first.token)
    expect(await shop.find(again.token)).toEqual({ count: 1, a: 1 })
    expect(await whoIs(shop, first.token)).toBe('renewed')
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([
      { handle: first.handle, attributes: { device: 'tablet' } },
    ])
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
  })

  test('over a session of another user ends that one as a logout does, and takes nothing of it along', async () => {
    const shop = openShop()
    const token = await shop.begin({ cart: ['apple'] })
    const åsa = await logIn(shop, 'åsa', { token, data: { count: 1 } })
    åsa.session.flash('for Åsa')
    await åsa.session.commit()
    const session = await shop.sessions.load(åsa.token)
    const { data } = session
    expect(data.cart).toEqual(['apple'])
    data.cart?.push('pear')
    session.flash('for Åsa, too')
    await session.login('örjan')
    expect({ ...session.data }).toEqual({})
    expect(session.peekFlash()).toEqual([])
    expect(session).toMatchObject({ userId: 'örjan', endedBecause: undefined, isNew: false })
    expect(session.handle).not.toBe(åsa.handle)
    session.data.b = 2
    await session.commit()
    expect(await shop.find(session.token)).toEqual({ b: 2 })
    expect(await whoIs(shop, åsa.token)).toBe('expired')
    expect(await shop.sessions.ofUser('åsa')).toEqual([])
    expect(await livingOf(shop, 'åsa')).toEqual([])
  })

  test('stores the attributes as they were when it was called', async () => {
    const shop = openShop()
    const session = await shop.sessions.load()
    const attributes = { device: { name: 'phone' } }
    const login = session.login('åsa', attributes)
    attributes.device.name = 'tablet'
    await login
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ attributes: { device: { name: 'phone' } } }])
  })

  test('of one session object twice at once: the second goes on from the first', async () => {
    const shop = openShop()
    const session = await shop.sessions.load(await shop.begin({ count: 1 }))
    const first = session.login('åsa', { device: 'phone' })
    const second = session.login('åsa', { device: 'tablet' })
    await Promise.all([first, second])
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([
      { handle: session.handle, attributes: { device: 'tablet' } },
    ])
    expect(await shop.find(session.token)).toEqual({ count: 1 })
    expect(await livingOf(shop, 'åsa')).toHaveLength(1)
  })

  test('tells a visitor whose session had ended nothing of that any more', async () => {
    const shop = openShop()
    const { token } = await logIn(shop, 'åsa')
    await shop.sessions.revoke('åsa')
    const session = await shop.sessions.load(token)
    expect(session.endedBecause).toBe('revoked')
    await session.login('åsa')
    expect(session).toMatchObject({ endedBecause: undefined, isNew: false, userId: 'åsa' })
  })

  test.each(hostileUsers)('of the user %j is theirs alone', async (user) => {
    const shop = openShop()
    const { session, handle } = await logIn(shop, user)
    await logIn(shop, nameBeside(user))
    expect(await whoIs(shop, session.token)).toBe(user)
    expect(await shop.sessions.ofUser(user)).toMatchObject([{ handle }])
    await shop.otherSessions.revoke(user)
    expect(await whoIs(shop, session.token)).toBe('revoked')
    expect(await shop.sessions.ofUser(nameBeside(user))).toHaveLength(1)
  })

  test.each([undefined, null, 7, '', 'x'.repeat(513), '\ud800', 'a\udfff', ['åsa'], { id: 'åsa' }])(
    'of %j is misuse, before any command',
    async (user) => {
      const { sessions, store, begin, find } = openShop()
      const token = await begin({ count: 1 })
      for (const call of [
        () => sessions.open(token).login(user as never),
        () => sessions.ofUser(user as never),
        () => sessions.revoke(user as never),
      ]) {
        const error = await rejection(call())
        expect(error).toBeInstanceOf(TypeError)
        expect(error).toMatchObject({ code: 'invalid-argument' })
      }
      expect(store.calls.count()).toBe(0)
      expect(await find(token)).toEqual({ count: 1 })
    },
  )

  test('with attributes that have no JSON form, or an impossible lifetime, is misuse, and the visitor is as before', async () => {
    const shop = openShop()
    const session = await shop.sessions.load(await shop.begin({ count: 1 }))
    const { token } = session
    session.data.count = 2
    for (const attributes of [{ size: 1n }, 'phone', 7, null, ['phone'], new Date(0)])
      await expect(session.login('åsa', attributes as never)).rejects.toThrow(TypeError)
    await expect(session.login('åsa', {}, { lifetime: { idleTimeout: 0 } })).rejects.toThrow(RangeError)
    await expect(session.login('åsa', {}, { lifetime: { persistent: 1 as never } })).rejects.toThrow(TypeError)
    expect(session).toMatchObject({ token, userId: undefined })
    await session.commit()
    expect(await shop.find(token)).toEqual({ count: 2 })
    expect(await shop.sessions.ofUser('åsa')).toEqual([])
    expect(await livingOf(shop, 'åsa')).toEqual([])
  })

  test('after the response is sealed is an error, and costs nothing', async () => {
    const { sessions, store } = openShop()
    const session = await sessions.load()
    await session.seal()
    expect(await rejection(session.login('åsa'))).toMatchObject({ code: 'session-sealed' })
    expect(store.calls.count()).toBe(0)
  })
})

/** Another name, which begins differently. */
function nameBeside(user: string): string {
  return `${[...user].slice(1).join('')}x`
}
