import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { storeKinds, useShops } from './shop.ts'
import { listKey, listOf, livingOf, logIn, unlistedOf, whoIs } from './users.ts'

describe.each(storeKinds)('the renewal of a user session on %s', (kind) => {
  const openShop = useShops(kind)

  test('keeps the user, the handle and the data, and the list leads to the new id', async () => {
    const shop = openShop()
    const { session, token, handle } = await logIn(shop, 'åsa', { data: { count: 1 }, attributes: { device: 'phone' } })
    session.data.count = 2
    await session.renew({ grace: false })
    expect(session).toMatchObject({ userId: 'åsa', handle, isNew: false })
    expect(session.token).not.toBe(token)
    expect(await shop.find(session.token)).toEqual({ count: 2 })
    expect(await whoIs(shop, token)).toBe('renewed')
    const [listed, ...more] = await shop.sessions.ofUser('åsa', { current: session })
    expect(more).toEqual([])
    expect(listed).toMatchObject({ handle, attributes: { device: 'phone' }, isCurrent: true })
    await shop.otherSessions.revoke('åsa')
    expect(await whoIs(shop, session.token)).toBe('revoked')
  })

  test.each([
    ['with grace', '10s'],
    ['without grace', false],
  ] as const)('beside five requests in flight logs nobody out: %s', async (_, grace) => {
    const shop = openShop()
    for (const user of ['åsa', undefined]) {
      const token = user === undefined ? await shop.begin({ count: 0 }) : (await logIn(shop, user)).token
      const readers = await Promise.all([1, 2].map(() => shop.otherSessions.load(token)))
      const writers = await Promise.all([1, 2, 3].map(() => shop.otherSessions.load(token)))
      const session = await shop.sessions.load(token)
      const gate = shop.store.hold('compareAndSet', { at: 'after' })
      const renewal = session.renew({ grace })
      await gate.arrived
      await Promise.all(readers.map((reader) => reader.commit()))
      writers.forEach((writer, index) => (writer.data[`field${index}`] = index))
      const commits = Promise.allSettled(writers.map((writer) => writer.commit()))
      gate.release()
      await renewal
      const isOpen = grace !== false || user !== undefined
      await commits
      // Nobody's cookie is set or cleared but that of the request that renewed.
      for (const other of [...readers, ...writers]) expect(other).toMatchObject({ token, isDestroyed: false })
      expect(await whoIs(shop, session.token)).toBe(user ?? 'anonymous')
      if (isOpen) expect((await commits).map(({ status }) => status)).toEqual(writers.map(() => 'fulfilled'))
      const fields = isOpen ? { field0: 0, field1: 1, field2: 2 } : {}
      expect(await shop.find(session.token)).toEqual({ ...(user === undefined ? { count: 0 } : {}), ...fields })
      if (grace !== false) expect(await whoIs(shop, token)).toBe(user ?? 'anonymous')
    }
  })

  const places = [
    ['before', 'set'],
    ['after', 'set'],
    ['before', 'compareAndSet'],
    ['after', 'compareAndSet'],
  ] as const

  test.each(places)(
    'of two at once leaves one session, listed, when the first is held %s its first %s',
    async (at, verb) => {
      for (const graces of [
        ['10s', '10s'],
        ['10s', false],
        [false, '10s'],
        [false, false],
      ] as const) {
        const shop = openShop()
        const { token, handle } = await logIn(shop, 'åsa')
        const one = await shop.sessions.load(token)
        const two = await shop.otherSessions.load(token)
        one.data.a = 1
        two.data.b = 2
        const gate = shop.store.hold(verb, { at })
        const first = one.renew({ grace: graces[0] }).catch((error: unknown) => error)
        await gate.arrived
        await two.renew({ grace: graces[1] })
        gate.release()
        const answer = await first
        // Who renews without grace leaves no way to follow.
        const isLeft = graces[1] === false
        if (isLeft) expect(answer).toMatchObject({ code: 'session-ended', operation: 'session.renew', applied: 'no' })
        else expect(answer).toBeUndefined()
        const owner = graces[0] === false && !isLeft ? one : two
        expect(await whoIs(shop, owner.token)).toBe('åsa')
        expect(await shop.find(owner.token)).toEqual({ b: 2, ...(isLeft ? {} : { a: 1 }) })
        expect(await livingOf(shop, 'åsa')).toHaveLength(1)
        expect(await unlistedOf(shop, 'åsa')).toEqual([])
        expect((await shop.sessions.ofUser('åsa')).map((listed) => listed.handle)).toEqual([handle])
        await shop.sessions.revoke('åsa')
        expect(await livingOf(shop, 'åsa')).toEqual([])
      }
    },
  )

  test('of two that are both listed, leaves the one listed that was listed first, and wins', async () => {
    const { shop, token, key } = await loggedInShop()
    const one = await shop.sessions.load(token)
    const two = await shop.otherSessions.load(token)
    const pointer = shop.store.hold('compareAndSet', { key })
    const first = one.renew()
    await pointer.arrived
    const otherPointer = shop.otherStore.hold('compareAndSet', { key })
    const second = two.renew()
    await otherPointer.arrived
    pointer.release()
    await first
    // Nothing but the list is there to go by, should the other process end here.
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    expect(await shop.otherSessions.ofUser('åsa')).toHaveLength(1)
    otherPointer.release()
    await second
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    expect(await shop.sessions.ofUser('åsa')).toHaveLength(1)
    await shop.sessions.revoke('åsa')
    expect(await whoIs(shop, one.token)).toBe('revoked')
    expect(await rejection(two.update('count', () => 1))).toMatchObject({ code: 'session-ended' })
  })

  test('that moves on from where others went is listed there again, although they took it off the list', async () => {
    const { shop, token, key } = await loggedInShop()
    const slow = await shop.sessions.load(token)
    const other = await shop.otherSessions.load(token)
    // The other one is listed first, so that the next renewal regards the slow one as older.
    const pointer = shop.store.hold('compareAndSet', { key })
    const renewal = slow.renew({ grace: false })
    await pointer.arrived
    await other.renew()
    await other.renew()
    pointer.release()
    await renewal
    expect(await livingOf(shop, 'åsa')).toHaveLength(1)
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    await shop.otherSessions.revoke('åsa')
    expect(await whoIs(shop, slow.token)).toBe('revoked')
  })

  test('by who knows an id that is no longer listed follows, or moves on, and takes nobody off the list', async () => {
    for (const grace of ['10s', false] as const) {
      const { shop, token } = await loggedInShop()
      const stale = await shop.sessions.load(token)
      const other = await shop.otherSessions.load(token)
      await other.renew()
      await other.renew()
      await stale.renew({ grace })
      expect(await livingOf(shop, 'åsa')).toHaveLength(1)
      expect(await unlistedOf(shop, 'åsa')).toEqual([])
      expect(await shop.sessions.ofUser('åsa')).toHaveLength(1)
      expect(await whoIs(shop, stale.token)).toBe('åsa')
    }
  })

  const steps = [
    ['the list cannot be read', 'get', 'before', 'unavailable'],
    ['the new id cannot be written', 'set', 'before', 'full'],
    ['the answer about the new id is lost', 'set', 'after', 'timeout'],
    ['the list cannot be changed', 'list', 'before', 'unavailable'],
    ['the answer about the list is lost', 'list', 'after', 'timeout'],
    ['the old id cannot become a pointer', 'old', 'before', 'unavailable'],
    ['the answer about the pointer is lost', 'old', 'after', 'timeout'],
  ] as const

  test.each(steps)('that fails, because %s, leaves nothing alive that is not listed', async (_, step, at, code) => {
    for (const grace of ['10s', false] as const) {
      const { shop, token, key, handle } = await loggedInShop()
      const session = await shop.sessions.load(token)
      session.data.count = 1
      const lists = { key: listKey('åsa') }
      if (step === 'get' || step === 'set') shop.store.fail(step, { at, code })
      else shop.store.fail('compareAndSet', { at, code, ...(step === 'list' ? lists : { key }) })
      expect(await rejection(session.renew({ grace }))).toMatchObject({ code })
      expect(session).toMatchObject({ token, handle })
      expect(await unlistedOf(shop, 'åsa')).toEqual([])
      const isMoved = step === 'old' && at === 'after'
      expect(await livingOf(shop, 'åsa')).toHaveLength(1)
      if (!isMoved || grace !== false) expect(await whoIs(shop, token)).toBe('åsa')
      if (!isMoved) {
        await session.commit()
        expect(await shop.find(token)).toEqual({ count: 1 })
        expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle }])
        await session.renew()
        expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle }])
      }
      await shop.otherSessions.revoke('åsa')
      expect(await livingOf(shop, 'åsa')).toEqual([])
      expect(await whoIs(shop, session.token)).not.toBe('åsa')
    }
  })

  test('clears away what it wrote only when that is written', async () => {
    const { shop, token } = await loggedInShop()
    const session = await shop.sessions.load(token)
    const gate = shop.store.hold('set')
    shop.store.fail('get', { key: listKey('åsa') })
    const renewal = rejection(session.renew())
    await gate.arrived
    await new Promise(setImmediate)
    gate.release()
    expect(await renewal).toMatchObject({ code: 'unavailable' })
    expect(await livingOf(shop, 'åsa')).toHaveLength(1)
  })

  test('lists the session again if the store has lost the list, and not if it was ended', async () => {
    const { shop, session, handle } = await loggedInShop()
    await shop.otherStore.delete(listKey('åsa'))
    await session.renew()
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle, attributes: {} }])
    await shop.otherSessions.revoke('åsa')
    expect(await rejection(session.renew())).toMatchObject({ code: 'session-ended', operation: 'session.renew' })
    expect(await livingOf(shop, 'åsa')).toEqual([])
    expect(await listOf(shop, 'åsa')).toEqual([])
  })

  async function loggedInShop() {
    const shop = openShop()
    const { session, token, handle } = await logIn(shop, 'åsa')
    const [id] = await livingOf(shop, 'åsa')
    return { shop, session, token, handle, key: `session:${id}` }
  }
})
