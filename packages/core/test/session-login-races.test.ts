import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { type ShopUnderTest, storeKinds, useShops } from './shop.ts'
import { listKey, livingOf, logIn, unlistedOf, whoIs } from './users.ts'

describe.each(storeKinds)('races of a login on %s', (kind) => {
  const openShop = useShops(kind)

  // Where the login is held while the other request does what it does.
  const steps = [
    ['before the list is read', 'get', 'before'],
    ['before the new id is written', 'set', 'before'],
    ['after the new id is written', 'set', 'after'],
    ['before it is listed', 'list', 'before'],
    ['after it is listed', 'list', 'after'],
    ['before the old id becomes a marker', 'old', 'before'],
    ['after the old id became a marker', 'old', 'after'],
  ] as const
  type Step = (typeof steps)[number][1]

  /** Two requests of one anonymous visitor: one that will log in, and one that is slow. */
  async function twoRequests(data: Parameters<ShopUnderTest['begin']>[0] = { cart: ['apple'], count: 1, a: 0 }) {
    const shop = openShop()
    const token = await shop.begin(data)
    const [key] = [...(await shop.dump()).keys()] as [string]
    const holdAt = (step: Step, at: 'before' | 'after', user = 'åsa') => {
      if (step === 'get') return shop.store.hold('get', { at, key: listKey(user) })
      if (step === 'set') return shop.store.hold('set', { at })
      return shop.store.hold('compareAndSet', { at, key: step === 'list' ? listKey(user) : key })
    }
    const session = await shop.sessions.load(token)
    const slow = await shop.otherSessions.load(token)
    return { shop, token, key, session, slow, holdAt }
  }

  test.each(steps)(
    'a slow anonymous write that comes %s is kept, and the fields of the login win',
    async (_, step, at) => {
      const { shop, token, session, slow, holdAt } = await twoRequests()
      session.data.user = 'åsa'
      session.data.a = 1
      session.flash('Welcome')
      const gate = holdAt(step, at)
      const login = session.login('åsa')
      await gate.arrived
      slow.data.user = 'mallory'
      slow.data.b = 2
      slow.data.cart?.push('pear')
      slow.flash('In the cart')
      await slow.commit()
      gate.release()
      await login
      const stored = await shop.otherSessions.load(session.token)
      expect(stored.userId).toBe('åsa')
      expect({ ...stored.data }).toEqual({ user: 'åsa', cart: ['apple', 'pear'], count: 1, a: 1, b: 2 })
      const messages = (await stored.takeFlash()).map(({ message }) => message)
      expect(messages.sort()).toEqual(['In the cart', 'Welcome'])
      expect(await whoIs(shop, token)).toBe('renewed')
      expect(await unlistedOf(shop, 'åsa')).toEqual([])
    },
  )

  test.each(steps)(
    'a slow anonymous update that comes %s is exact, also of a field that the login has set',
    async (_, step, at) => {
      const { shop, session, slow, holdAt } = await twoRequests()
      session.data.a = 10
      const gate = holdAt(step, at)
      const login = session.login('åsa')
      await gate.arrived
      await slow.update('count', (count = 0) => count + 1)
      if (step === 'old' && at === 'after') await (await shop.otherSessions.load()).commit()
      gate.release()
      await login
      await session.update('count', (count = 0) => count + 1)
      expect(await shop.find(session.token)).toEqual({ cart: ['apple'], count: 3, a: 10 })
    },
  )

  test('a slow anonymous request sees nothing of what the user has, and neither sets nor clears a token', async () => {
    const { shop, token, session, slow } = await twoRequests()
    const reader = await shop.otherSessions.load(token)
    session.data.user = 'åsa'
    await session.login('åsa', { device: 'phone' })
    session.data.count = 100
    session.flash('for Åsa alone')
    await session.commit()
    slow.data.b = 2
    await slow.commit()
    expect(slow).toMatchObject({
      token: undefined,
      isNew: true,
      userId: undefined,
      handle: undefined,
      isDestroyed: false,
      endedBecause: 'renewed',
    })
    expect({ ...slow.data }).toEqual({})
    expect(slow.peekFlash()).toEqual([])
    expect(await slow.takeFlash()).toEqual([])
    expect(slow.verifyCsrfToken(session.csrfToken())).toBe(false)
    expect(session.verifyCsrfToken(slow.csrfToken())).toBe(false)
    // It is over for this request: a session of its own would take the place of the user's.
    slow.data.a = 7
    expect(await rejection(slow.commit())).toMatchObject({ code: 'session-ended' })
    expect(await rejection(slow.renew())).toMatchObject({ code: 'session-ended' })
    await reader.commit()
    expect(reader).toMatchObject({ token, isDestroyed: false })
    expect(await shop.find(session.token)).toMatchObject({ user: 'åsa', count: 100, b: 2, a: 0 })
    expect((await shop.sessions.load(session.token)).peekFlash()).toHaveLength(1)
  })

  test('a slow anonymous request takes no messages of the user: they wait for the next page', async () => {
    const { shop, token, session } = await twoRequests()
    session.flash('In the cart')
    await session.commit()
    const slow = await shop.otherSessions.load(token)
    await session.login('åsa')
    session.flash('for Åsa alone')
    await session.commit()
    expect(await slow.takeFlash()).toEqual([])
    expect(slow).toMatchObject({ token: undefined, isDestroyed: false })
    expect(await (await shop.sessions.load(session.token)).takeFlash()).toHaveLength(2)
  })

  test('a slow anonymous renewal that follows another one, which then logged in, sees nothing of the user', async () => {
    const { shop, token, session, slow } = await twoRequests()
    await session.renew()
    const gate = shop.otherStore.hold('delete')
    const renewal = slow.renew()
    await gate.arrived
    session.data.user = 'åsa'
    await session.login('åsa')
    gate.release()
    await renewal
    expect(slow).toMatchObject({ token: undefined, userId: undefined, handle: undefined, endedBecause: 'renewed' })
    expect({ ...slow.data }).toEqual({})
    expect(await whoIs(shop, token)).toBe('renewed')
    expect(await whoIs(shop, session.token)).toBe('åsa')
  })

  test('a slow replacement of what was damaged sees nothing of the user who logged in over it', async () => {
    const { shop, token, key } = await twoRequests()
    await shop.store.set(key, Buffer.from('damaged'), 60_000)
    const session = await shop.sessions.load(token)
    const slow = await shop.otherSessions.load(token)
    session.data.count = 1
    await session.commit()
    slow.data.b = 2
    const gate = shop.otherStore.hold('get', { at: 'after', key })
    const commit = slow.commit()
    await gate.arrived
    session.data.user = 'åsa'
    await session.login('åsa')
    gate.release()
    await commit
    expect(slow).toMatchObject({ token: undefined, userId: undefined, handle: undefined, endedBecause: 'renewed' })
    expect({ ...slow.data }).toEqual({})
    expect(await shop.find(session.token)).toEqual({ count: 1, user: 'åsa', b: 2 })
  })

  test('a field that the login has set gets no end from a slow anonymous request', async () => {
    const { shop, session, slow } = await twoRequests()
    slow.data.user = 'guest'
    slow.expireField('user', 1)
    session.data.user = 'åsa'
    await session.login('åsa')
    await slow.commit()
    await new Promise((resolve) => setTimeout(resolve, 5)) // the clock of these tests is the real one
    expect(await shop.find(session.token)).toMatchObject({ user: 'åsa' })
  })

  test('a login of a new visitor and a commit beside it make one session, with what both hold', async () => {
    for (const first of ['login', 'commit'] as const) {
      const shop = openShop()
      const session = await shop.sessions.load()
      session.data.count = 1
      const gate = shop.store.hold('set')
      const commit = first === 'commit' ? session.commit() : undefined
      const login = session.login('åsa')
      if (first === 'login') await gate.arrived
      session.data.a = 2
      const later = session.commit()
      gate.release()
      await Promise.all([commit, login, later])
      expect(await shop.find(session.token)).toEqual({ count: 1, a: 2 })
      expect(await whoIs(shop, session.token)).toBe('åsa')
    }
  })

  test('a slow anonymous write does not reach a user who has logged out or was revoked since', async () => {
    for (const end of ['logout', 'revoke'] as const) {
      const { shop, session, slow } = await twoRequests()
      await session.login('åsa')
      if (end === 'logout') await session.logout()
      else await shop.sessions.revoke('åsa')
      slow.data.b = 2
      expect(await rejection(slow.commit())).toMatchObject({ code: 'session-ended', applied: 'no' })
      expect(await livingOf(shop, 'åsa')).toEqual([])
    }
  })

  test.each(steps)(
    'a login of the same user that comes %s: both browsers are in, and both can be ended',
    async (_, step, at) => {
      const { shop, token, session, slow, holdAt } = await twoRequests()
      session.data.a = 1
      slow.data.b = 2
      const gate = holdAt(step, at)
      const first = session.login('åsa', { device: 'phone' })
      await gate.arrived
      await slow.login('åsa', { device: 'tablet' })
      gate.release()
      await first
      for (const { token: text } of [session, slow]) expect(await whoIs(shop, text)).toBe('åsa')
      const fields = await Promise.all([session, slow].map(({ token: text }) => shop.find(text)))
      // Whoever was later knows of the changes of both.
      expect(fields).toContainEqual({ cart: ['apple'], count: 1, a: 1, b: 2 })
      expect(await shop.sessions.ofUser('åsa')).toHaveLength(2)
      expect(await unlistedOf(shop, 'åsa')).toEqual([])
      expect(await whoIs(shop, token)).toBe('renewed')
      await shop.sessions.revoke('åsa')
      expect(await livingOf(shop, 'åsa')).toEqual([])
    },
  )

  test.each(steps)(
    'a login of another user that comes %s: each is in, and neither sees what the other changed',
    async (_, step, at) => {
      const { shop, session, slow, holdAt } = await twoRequests()
      session.data.a = 1
      slow.data.b = 2
      const gate = holdAt(step, at)
      const first = session.login('åsa')
      await gate.arrived
      await slow.login('örjan')
      await slow.update('count', () => 100)
      gate.release()
      await first
      expect(await whoIs(shop, session.token)).toBe('åsa')
      expect(await whoIs(shop, slow.token)).toBe('örjan')
      expect(await shop.find(session.token)).toEqual({ cart: ['apple'], count: 1, a: 1 })
      expect(await shop.find(slow.token)).not.toMatchObject({ a: 1 })
      await shop.sessions.revoke('örjan')
      expect(await whoIs(shop, session.token)).toBe('åsa')
      expect(await whoIs(shop, slow.token)).toBe('revoked')
    },
  )

  test.each(steps)(
    'another login over the session of the user that comes %s: both go on, each can be ended',
    async (_, step, at) => {
      const shop = openShop()
      const { token, handle } = await logIn(shop, 'åsa', { data: { count: 1 } })
      const [id] = await livingOf(shop, 'åsa')
      const one = await shop.sessions.load(token)
      const two = await shop.otherSessions.load(token)
      one.data.a = 1
      two.data.b = 2
      const key = step === 'list' ? listKey('åsa') : `session:${id}`
      const gate = ['get', 'set'].includes(step)
        ? shop.store.hold(step as 'get', { at })
        : shop.store.hold('compareAndSet', { at, key })
      const first = one.login('åsa', { device: 'phone' })
      await gate.arrived
      await two.login('åsa', { device: 'tablet' })
      gate.release()
      await first
      const list = await shop.sessions.ofUser('åsa')
      expect(list).toHaveLength(2)
      expect(list.map((listed) => listed.handle)).toContain(handle)
      expect(new Set([one.handle, two.handle])).toEqual(new Set(list.map((listed) => listed.handle)))
      expect(await unlistedOf(shop, 'åsa')).toEqual([])
      // They are two now: each moves on by itself, and takes the other off no list.
      for (const each of [one, two, one]) {
        await each.renew()
        expect(await unlistedOf(shop, 'åsa')).toEqual([])
      }
      await shop.otherSessions.revoke('åsa', { only: one.handle as string })
      expect(await whoIs(shop, one.token)).toBe('revoked')
      expect(await whoIs(shop, two.token)).toBe('åsa')
      await shop.otherSessions.revoke('åsa')
      expect(await whoIs(shop, two.token)).toBe('revoked')
    },
  )

  test.each(steps)(
    'a renewal of the anonymous session that comes %s is followed, or is told that the session has ended',
    async (_, step, at) => {
      for (const grace of ['10s', false] as const) {
        const { shop, token, session, slow, holdAt } = await twoRequests()
        session.data.a = 1
        slow.data.b = 2
        const gate = holdAt(step, at)
        const login = session.login('åsa').catch((error: unknown) => error)
        await gate.arrived
        const renewal = slow.renew({ grace }).catch((error: unknown) => error)
        const isLate = step === 'old' && at === 'after'
        if (isLate) expect(await renewal).toMatchObject({ code: 'session-ended', operation: 'session.renew' })
        else expect(await renewal).toBeUndefined()
        gate.release()
        // A renewal without grace leaves no way to follow.
        if (!isLate && grace === false) {
          expect(await login).toMatchObject({ code: 'session-ended', operation: 'session.login' })
          expect(await livingOf(shop, 'åsa')).toEqual([])
          expect(await whoIs(shop, slow.token)).toBe('anonymous')
          continue
        }
        expect(await login).toBeUndefined()
        expect(await shop.find(session.token)).toEqual({ cart: ['apple'], count: 1, a: 1, ...(isLate ? {} : { b: 2 }) })
        // The id of the renewal is as little worth as the old one: whoever knew it does not get in.
        for (const text of [token, slow.token]) expect(await whoIs(shop, text)).toBe('renewed')
        expect(await unlistedOf(shop, 'åsa')).toEqual([])
      }
    },
  )

  test.each(steps)(
    'a logout of the anonymous session that comes %s wins, unless the login has done all',
    async (_, step, at) => {
      const { shop, token, session, holdAt } = await twoRequests()
      const gate = holdAt(step, at)
      const login = session.login('åsa').catch((error: unknown) => error)
      await gate.arrived
      await shop.otherSessions.open(token).destroy()
      gate.release()
      const isLate = step === 'old' && at === 'after'
      if (isLate) expect(await login).toBeUndefined()
      else expect(await login).toMatchObject({ code: 'session-ended', operation: 'session.login', applied: 'no' })
      expect(await livingOf(shop, 'åsa')).toHaveLength(isLate ? 1 : 0)
      expect(await shop.sessions.ofUser('åsa')).toHaveLength(isLate ? 1 : 0)
      expect(session.userId).toBe(isLate ? 'åsa' : undefined)
    },
  )
})
