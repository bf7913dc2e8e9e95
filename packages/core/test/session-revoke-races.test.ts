import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { type ShopUnderTest, storeKinds, useShops } from './shop.ts'
import { listKey, livingOf, logIn, unlistedOf, whoIs } from './users.ts'

type Held = 'get' | 'set' | 'list' | 'session'

describe.each(storeKinds)('races of a revocation on %s', (kind) => {
  const openShop = useShops(kind)

  const steps = [
    ['before the list is read', 'get', 'before'],
    ['after the list is read', 'get', 'after'],
    ['before the new id is written', 'set', 'before'],
    ['after the new id is written', 'set', 'after'],
    ['before the list is changed', 'list', 'before'],
    ['after the list is changed', 'list', 'after'],
    ['before the old id gives way', 'session', 'before'],
    ['after the old id gave way', 'session', 'after'],
  ] as const

  /** A session of a user, and what holds a later call about it. */
  async function userShop() {
    const shop = openShop()
    const browser = await logIn(shop, 'åsa', { data: { count: 1 } })
    const [id] = await livingOf(shop, 'åsa')
    return { shop, ...browser, holdAt: (held: Held, at: 'before' | 'after') => holdAt(shop, held, at, `session:${id}`) }
  }

  function holdAt(shop: ShopUnderTest, held: Held, at: 'before' | 'after', key: string) {
    if (held === 'get') return shop.store.hold('get', { at, key: listKey('åsa') })
    if (held === 'set') return shop.store.hold('set', { at })
    return shop.store.hold('compareAndSet', { at, key: held === 'list' ? listKey('åsa') : key })
  }

  // Each of them gives the session another id, and with it a chance to get away.
  const moves = [
    ['a renewal', (session) => session.renew()],
    ['a renewal without grace', (session) => session.renew({ grace: false })],
    ['a change of the lifetime', (session) => session.setLifetime({ absoluteTimeout: '7d' })],
    ['another login', (session) => session.login('åsa')],
  ] as const satisfies [string, (session: Awaited<ReturnType<ShopUnderTest['sessions']['load']>>) => Promise<void>][]

  describe.each(moves)('beside %s', (_, move) => {
    test.each(steps)('that is held %s ends the session all the same, under whatever id', async (_step, held, at) => {
      const { shop, session, token, holdAt: hold } = await userShop()
      session.data.a = 1
      const gate = hold(held, at)
      const moving = move(session).catch((error: unknown) => error)
      await gate.arrived
      await shop.otherSessions.revoke('åsa')
      // When it is done, nothing that began before is alive …
      const livingThen = await unheard(shop)
      gate.release()
      const answer = await moving
      const isDone = held === 'session' && at === 'after'
      if (isDone) expect(answer).toBeUndefined()
      else expect(answer).toMatchObject({ code: 'session-ended' })
      expect(livingThen).toEqual([])
      // … and nothing comes back.
      expect(await livingOf(shop, 'åsa')).toEqual([])
      expect(await shop.sessions.ofUser('åsa')).toEqual([])
      for (const text of [token, session.token]) expect(await whoIs(shop, text)).not.toBe('åsa')
    })

    test.each([
      ['before the tombstones', 'setMany', 'before'],
      ['after the tombstones', 'setMany', 'after'],
      ['before the list is changed', 'compareAndSet', 'before'],
    ] as const)('that happens as the revocation stands %s ends the session, too', async (_step, verb, at) => {
      const { shop, session, token } = await userShop()
      const gate = shop.otherStore.hold(verb, { at, ...(verb === 'compareAndSet' ? { key: listKey('åsa') } : {}) })
      const revocation = shop.otherSessions.revoke('åsa')
      await gate.arrived
      const answer = await move(session).catch((error: unknown) => error)
      gate.release()
      await revocation
      if (answer !== undefined) expect(answer).toMatchObject({ code: 'session-ended' })
      // A login that begins while a revocation is under way may live on; this one went on from the session that had to end.
      expect(await livingOf(shop, 'åsa')).toEqual([])
      for (const text of [token, session.token]) expect(await whoIs(shop, text)).not.toBe('åsa')
      expect(await shop.sessions.ofUser('åsa')).toEqual([])
    })
  })

  /** What of the user's sessions somebody could come with now: an id that its owner was not told yet is nobody's. */
  async function unheard(shop: ShopUnderTest): Promise<string[]> {
    const listed = await livingOf(shop, 'åsa')
    const unlisted = await unlistedOf(shop, 'åsa')
    return listed.filter((key) => !unlisted.includes(key))
  }

  test('beside a login that is not done yet ends those of before; of the new one nothing is said but that it is listed', async () => {
    for (const [, held, at] of steps.slice(0, 6)) {
      const shop = openShop()
      const before = await logIn(shop, 'åsa')
      const session = await shop.sessions.load(await shop.begin({ count: 1 }))
      const gate = holdAt(shop, held, at, '')
      const login = session.login('åsa').catch((error: unknown) => error)
      await gate.arrived
      await shop.otherSessions.revoke('åsa')
      expect(await whoIs(shop, before.token)).toBe('revoked')
      gate.release()
      await login
      expect(await unlistedOf(shop, 'åsa')).toEqual([])
      await shop.otherSessions.revoke('åsa')
      expect(await livingOf(shop, 'åsa')).toEqual([])
      expect(await whoIs(shop, session.token)).not.toBe('åsa')
    }
  })

  test('beside a login that takes a late anonymous write along: the login brings back nothing that was ended', async () => {
    const shop = openShop()
    const token = await shop.begin({ count: 1 })
    const [key] = [...(await shop.dump()).keys()] as [string]
    const session = await shop.sessions.load(token)
    const slow = await shop.otherSessions.load(token)
    const gate = shop.store.hold('compareAndSet', { key })
    const login = rejection(session.login('åsa'))
    await gate.arrived
    slow.data.a = 1
    await slow.commit()
    await shop.otherSessions.revoke('åsa')
    gate.release()
    expect(await login).toMatchObject({ code: 'session-ended', operation: 'session.login', applied: 'no' })
    expect(await livingOf(shop, 'åsa')).toEqual([])
    expect(session).toMatchObject({ token, userId: undefined })
    expect(await shop.find(token)).toEqual({ count: 1, a: 1 })
  })

  test('is tried again for who logs in meanwhile, until the list is as it was read', async () => {
    const shop = openShop()
    const first = await logIn(shop, 'åsa')
    const gate = shop.otherStore.hold('compareAndSet', { key: listKey('åsa') })
    const revocation = shop.otherSessions.revoke('åsa')
    await gate.arrived
    const second = await logIn(shop, 'åsa')
    gate.release()
    await revocation
    expect(await whoIs(shop, first.token)).toBe('revoked')
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    expect(await whoIs(shop, second.token)).toBe('revoked')
  })

  test('beside a commit and an update: neither brings the session back', async () => {
    for (const at of ['before', 'after'] as const) {
      const { shop, session, token } = await userShop()
      session.data.a = 1
      const gate = shop.store.hold('compareAndSet', { at })
      const commit = session.commit().catch((error: unknown) => error)
      await gate.arrived
      await shop.otherSessions.revoke('åsa')
      gate.release()
      if (at === 'before') expect(await commit).toMatchObject({ code: 'session-ended', applied: 'no' })
      else expect(await commit).toBeUndefined()
      expect(await rejection(session.update('count', () => 2))).toMatchObject({ code: 'session-ended' })
      expect(await livingOf(shop, 'åsa')).toEqual([])
      expect(await whoIs(shop, token)).toBe('revoked')
    }
  })

  test('beside a touch: neither a read nor what it prolongs brings the session back', async () => {
    for (const at of ['before', 'after'] as const) {
      const { shop, token } = await userShop()
      const gate = shop.store.hold('get', { at })
      const reading = shop.sessions.load(token)
      await gate.arrived
      await shop.otherSessions.revoke('åsa')
      gate.release()
      const session = await reading
      expect(session).toMatchObject(at === 'before' ? { isNew: true, endedBecause: 'revoked' } : { userId: 'åsa' })
      await session.commit()
      expect(await livingOf(shop, 'åsa')).toEqual([])
      expect(await whoIs(shop, token)).toBe('revoked')
    }
  })

  test('with a slow anonymous write that follows the login: it reaches nothing', async () => {
    const shop = openShop()
    const token = await shop.begin({ count: 1 })
    const slow = await shop.otherSessions.load(token)
    const { session } = await logIn(shop, 'åsa', { token })
    slow.data.a = 1
    const gate = shop.otherStore.hold('compareAndSet')
    const commit = rejection(slow.commit())
    await gate.arrived
    await shop.sessions.revoke('åsa')
    gate.release()
    expect(await commit).toMatchObject({ code: 'session-ended' })
    expect(await whoIs(shop, session.token)).toBe('revoked')
  })

  test('of ten at once, with logins and renewals in both processes: whoever was in before is out', async () => {
    const shop = openShop()
    const browsers = await Promise.all(Array.from({ length: 10 }, () => logIn(shop, 'åsa')))
    const moving = browsers.map(({ session }, at) => (at % 2 ? session.renew() : session.login('åsa')))
    const late = [1, 2, 3].map(() => logIn({ sessions: shop.otherSessions }, 'åsa').catch(() => undefined))
    await Promise.all([shop.sessions.revoke('åsa'), shop.otherSessions.revoke('åsa')])
    await Promise.allSettled([...moving, ...late])
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    for (const { token, session } of browsers)
      for (const text of [token, session.token]) expect(await whoIs(shop, text)).not.toBe('åsa')
  })
})
