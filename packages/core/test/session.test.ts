import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { type Shop, storeKinds, useShops } from './shop.ts'

describe.each(storeKinds)('sessions on %s', (kind) => {
  const openShop = useShops(kind)

  describe('cost', () => {
    test('nothing for a visitor without a session, whatever is read', async () => {
      const { sessions, store } = openShop()
      for (const token of [undefined, '']) {
        const session = await sessions.load(token)
        expect(session.data.user).toBeUndefined()
        await session.commit()
        await session.renew()
        expect(session).toMatchObject({ token: undefined, expiresAt: undefined, isNew: true, endedBecause: undefined })
        await session.destroy()
        expect(session.isDestroyed).toBe(false)
      }
      expect(store.calls.count()).toBe(0)
    })

    test('nothing for a token that is forged, cut short, 10 KB long, or no token at all', async () => {
      const { sessions, store, begin } = openShop()
      const token = await begin({ user: 'Åsa' })
      const forged = [
        `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`,
        token.slice(0, 50),
        token.repeat(100),
        'x',
        '1.2.3.4.5.6',
      ]
      for (const text of forged) {
        const session = await sessions.load(text)
        expect(session.isNew).toBe(true)
        expect(session.endedBecause).toMatch(/^(tampered|unreadable)$/)
        await session.commit()
        await session.destroy()
        expect(session.isDestroyed).toBe(false)
      }
      expect((await sessions.load(['a'] as unknown as string)).isNew).toBe(true)
      expect(store.calls.count()).toBe(0)
    })

    test('one command for a read, one more for a write, and none for a commit without a change', async () => {
      const { sessions, store, begin } = openShop()
      const token = await begin({ count: 1, cart: [] })
      const session = sessions.open(token)
      expect(session).toMatchObject({ isNew: false, isLoaded: false, token })
      expect(store.calls.count()).toBe(0)
      await Promise.all([session.load(), session.load()])
      await session.load()
      expect(session.data.cart).toEqual([])
      await session.commit()
      expect(store.calls.list().map(({ verb }) => verb)).toEqual(['get'])
      session.data.cart?.push('apple')
      await session.commit()
      await session.commit()
      expect(store.calls.list().map(({ verb }) => verb)).toEqual(['get', 'compareAndSet'])
    })

    test('one command for the first write of a visitor, and two for an update of a session that is not loaded', async () => {
      const { sessions, store } = openShop()
      const session = sessions.open()
      await session.update('count', () => 1)
      expect(store.calls.list().map(({ verb }) => verb)).toEqual(['compareAndSet'])
      store.calls.clear()
      await sessions.open(session.token).update('count', (count = 0) => count + 1)
      expect(store.calls.list().map(({ verb }) => verb)).toEqual(['get', 'compareAndSet'])
    })

    test('one command for a logout, without a load, and two for a renewal', async () => {
      const { sessions, store, begin } = openShop()
      const session = await sessions.load(await begin({ count: 1 }))
      store.calls.clear()
      await session.renew()
      expect(store.calls.list().map(({ verb }) => verb)).toEqual(['set', 'compareAndSet'])
      store.calls.clear()
      await sessions.open(session.token).destroy()
      expect(store.calls.list().map(({ verb }) => verb)).toEqual(['take'])
    })
  })

  test('what is committed is there for the next request, in this process and in another', async () => {
    const { sessions, otherSessions } = openShop()
    const session = await sessions.load()
    session.data.user = 'ÅÄÖ 🦀 \0 " \\ \n \uD800'
    session.data.cart = ['apple']
    await session.commit()
    expect(session).toMatchObject({ isNew: false, endedBecause: undefined })
    const next = await otherSessions.load(session.token)
    expect({ ...next.data }).toEqual({ user: 'ÅÄÖ 🦀 \0 " \\ \n \uD800', cart: ['apple'] })
    expect(next).toMatchObject({ isNew: false, token: session.token, expiresAt: session.expiresAt })
    next.data.cart?.push('pear')
    delete next.data.user
    await next.commit()
    expect({ ...(await sessions.load(session.token)).data }).toEqual({ cart: ['apple', 'pear'] })
  })

  test('data before the load is an error that says so', async () => {
    const { sessions } = openShop()
    const session = sessions.open()
    expect(() => session.data).toThrow(
      expect.objectContaining({ code: 'session-not-loaded', operation: 'session.data' }),
    )
    await session.commit()
    await session.load()
    expect({ ...session.data }).toEqual({})
  })

  test('no part of a token is stored, nor its id in any other form', async () => {
    const { sessions, begin, dump } = openShop()
    const token = await begin({ user: 'Åsa' })
    const renewed = await sessions.load(token)
    await renewed.renew()
    const stored = [...(await dump())].flat().join('\n')
    expect((await dump()).size).toBe(2)
    for (const text of [token, renewed.token as string]) {
      const id = text.split('.').at(-2) as string
      const mac = text.split('.').at(-1) as string
      for (const part of [id, mac, id.slice(0, 12), mac.slice(0, 12), Buffer.from(id, 'base64url').toString('hex')])
        expect(stored).not.toContain(part)
    }
    // And what is stored is not a token either.
    for (const key of (await dump()).keys()) expect((await sessions.load(key)).isNew).toBe(true)
  })

  test('an id that is unknown is never adopted: the visitor gets a new one', async () => {
    const { sessions, begin } = openShop()
    const token = await begin({ count: 1 })
    await sessions.open(token).destroy()
    const session = await sessions.load(token)
    expect(session).toMatchObject({ isNew: true, token: undefined, endedBecause: 'expired' })
    session.data.count = 2
    await session.commit()
    expect(session.token).not.toBe(token)
    expect(session.endedBecause).toBeUndefined()
    expect((await sessions.load(token)).isNew).toBe(true)
  })

  test('a first commit that stores nothing leaves no session', async () => {
    const { sessions, store } = openShop()
    const session = await sessions.load()
    session.data.user = 'x'
    delete session.data.user
    delete session.data.cart
    await session.commit()
    expect(await session.update('count', () => undefined)).toBeUndefined()
    expect(session.token).toBeUndefined()
    expect(store.calls.count()).toBe(0)
  })

  test('a session that lost its last field is still a session', async () => {
    const { sessions, begin, find } = openShop()
    const token = await begin({ count: 1 })
    const session = await sessions.load(token)
    delete session.data.count
    await session.commit()
    expect(await find(token)).toEqual({})
  })

  describe('update', () => {
    test('stores at once, returns what was stored, and shows it in data', async () => {
      const { sessions, begin, find } = openShop()
      const token = await begin({ count: 1, cart: ['apple'] })
      const session = await sessions.load(token)
      const cart = await session.update('cart', (current = []) => [...current, 'pear'])
      expect(cart).toEqual(['apple', 'pear'])
      expect(session.data.cart).toBe(cart)
      expect((await find(token))?.cart).toEqual(['apple', 'pear'])
      expect(await session.update('count', () => undefined)).toBeUndefined()
      expect(await find(token)).toEqual({ cart: ['apple', 'pear'] })
    })

    test('builds upon an uncommitted change of its field, and leaves those of other fields uncommitted', async () => {
      const { sessions, begin, find } = openShop()
      const token = await begin({ count: 1, a: 1 })
      const session = await sessions.load(token)
      session.data.count = 10
      session.data.a = 2
      expect(await session.update('count', (count = 0) => count + 1)).toBe(11)
      expect(await find(token)).toEqual({ count: 11, a: 1 })
      await session.commit()
      expect(await find(token)).toEqual({ count: 11, a: 2 })
    })

    test('rejects with what its function threw, and stores nothing', async () => {
      const { sessions, store, begin, find } = openShop()
      const token = await begin({ count: 1 })
      const session = await sessions.load(token)
      session.data.count = 5
      store.calls.clear()
      const boom = new Error('boom')
      const failing = session.update('count', () => {
        throw boom
      })
      expect(await rejection(failing)).toBe(boom)
      expect(store.calls.count()).toBe(0)
      await session.commit()
      expect(await find(token)).toEqual({ count: 5 })
    })

    test('that throws in a first write leaves a visitor who can still write', async () => {
      const { sessions, dump } = openShop()
      const session = await sessions.load()
      const failing = session.update('count', () => {
        throw new Error('boom')
      })
      expect(await rejection(failing)).toMatchObject({ message: 'boom' })
      expect((await dump()).size).toBe(0)
      await session.update('count', () => 1)
      expect((await dump()).size).toBe(1)
    })

    test('refuses an asynchronous function, what is no function, and what is no field', async () => {
      const { sessions, store, begin } = openShop()
      const session = await sessions.load(await begin({ count: 1 }))
      store.calls.clear()
      const update = (field: unknown, change: unknown) => session.update(field as 'count', change as () => number)
      for (const call of [
        update('count', async () => 1),
        update('count', 1),
        update(5, () => 1),
        update('count', () => 5n),
        update('count', () => () => {}),
      ]) {
        const error = await rejection(call)
        expect(error).toBeInstanceOf(TypeError)
        expect(error).toMatchObject({ code: 'invalid-argument' })
      }
      expect(store.calls.count()).toBe(0)
    })
  })

  describe('a value without a JSON form', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    test.each([
      ['a function', () => {}],
      ['a BigInt', 5n],
      ['a cycle', cycle],
      ['a symbol', Symbol('s')],
    ])('such as %s is refused at the commit, by the name of its field', async (_, value) => {
      const { sessions, store, begin, find } = openShop()
      const token = await begin({ count: 1 })
      const session = await sessions.load(token)
      store.calls.clear()
      session.data.count = 2
      ;(session.data as Record<string, unknown>)['user'] = value
      const error = await rejection(session.commit())
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('session.data.user') as string,
      })
      expect(store.calls.count()).toBe(0)
      session.data.user = 'Åsa'
      await session.commit()
      expect(await find(token)).toEqual({ count: 2, user: 'Åsa' })
    })
  })

  describe('concurrent requests of one session', () => {
    test('that write 100 different fields keep all 100, in one process and in two', async () => {
      for (const two of [false, true]) {
        const shop = openShop()
        const token = await shop.begin({ user: 'Åsa' })
        const requests = await Promise.all(
          Array.from({ length: 100 }, (_, index) =>
            (two && index % 2 === 1 ? shop.otherSessions : shop.sessions).load(token),
          ),
        )
        requests.forEach((session, index) => (session.data[`field${index}`] = index))
        await Promise.all(requests.map((session) => session.commit()))
        const found = (await shop.find(token)) as Shop
        expect(Object.keys(found)).toHaveLength(101)
        for (let index = 0; index < 100; index++) expect(found[`field${index}`]).toBe(index)
      }
    })

    test('that update one counter 1000 times count to exactly 1000, in one process and in two', async () => {
      for (const two of [false, true]) {
        const shop = openShop()
        const token = await shop.begin({ count: 0 })
        const answers = await Promise.all(
          Array.from({ length: 1000 }, (_, index) =>
            (two && index % 2 === 1 ? shop.otherSessions : shop.sessions)
              .open(token)
              .update('count', (count = 0) => count + 1),
          ),
        )
        expect((await shop.find(token))?.count).toBe(1000)
        expect(new Set(answers).size).toBe(1000)
      }
    }, 60_000)

    test('gather: those who come while a write is under way leave together as one', async () => {
      const { sessions, store, begin, find } = openShop()
      const token = await begin({ user: 'Åsa' })
      const requests = await Promise.all(Array.from({ length: 50 }, () => sessions.load(token)))
      store.calls.clear()
      requests.forEach((session, index) => (session.data[`field${index}`] = index))
      await Promise.all(requests.map((session) => session.commit()))
      expect(store.calls.count('compareAndSet')).toBe(2)
      expect(Object.keys((await find(token)) ?? {})).toHaveLength(51)
    })

    test('an update that throws harms none of those it would have left with', async () => {
      const { sessions, store, begin, find } = openShop()
      const token = await begin({ count: 0 })
      const gate = store.hold('compareAndSet')
      const first = (await sessions.load(token)).update('count', (count = 0) => count + 1)
      await gate.arrived
      const requests = await Promise.all([1, 2, 3].map(() => sessions.load(token)))
      const [one, two, three] = requests as [(typeof requests)[0], (typeof requests)[0], (typeof requests)[0]]
      const all = Promise.allSettled([
        one.update('count', (count = 0) => count + 1),
        two.update('count', () => {
          throw new Error('boom')
        }),
        three.update('count', (count = 0) => count + 1),
      ])
      gate.release()
      await first
      expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect((await find(token))?.count).toBe(3)
    })

    test('that write the same field: the later commit wins, and the other fields of both stay', async () => {
      const { sessions, otherSessions, begin, find } = openShop()
      const token = await begin({ user: 'none' })
      const early = await sessions.load(token)
      const late = await otherSessions.load(token)
      early.data.user = 'early'
      early.data.a = 1
      late.data.user = 'late'
      late.data.b = 2
      await early.commit()
      await late.commit()
      expect(await find(token)).toEqual({ user: 'late', a: 1, b: 2 })
    })

    test('a field that somebody else removed stays removed', async () => {
      const { sessions, otherSessions, begin, find } = openShop()
      const token = await begin({ user: 'Åsa', cart: ['apple'] })
      const mine = await sessions.load(token)
      expect(mine.data.cart).toEqual(['apple'])
      const theirs = await otherSessions.load(token)
      delete theirs.data.cart
      await theirs.commit()
      mine.data.user = 'Örjan'
      await mine.commit()
      expect(await find(token)).toEqual({ user: 'Örjan' })
    })
  })

  describe('within one request', () => {
    test('two first writes at once make one session', async () => {
      const { sessions, dump, find } = openShop()
      const session = await sessions.load()
      session.data.user = 'Åsa'
      const writes = [session.commit(), session.update('count', (count = 0) => count + 1), session.update('a', () => 1)]
      session.data.b = 2
      await Promise.all([...writes, session.commit()])
      expect((await dump()).size).toBe(1)
      expect(await find(session.token)).toEqual({ user: 'Åsa', count: 1, a: 1, b: 2 })
    })

    test('a commit waits for the updates before it that nobody waited for', async () => {
      const { sessions, begin, find, store } = openShop()
      const token = await begin({ count: 0 })
      for (const session of [sessions.open(token), await sessions.load(token)]) {
        const gate = store.hold('compareAndSet')
        const before = (await find(token))?.count ?? 0
        let committed = false
        const update = session.update('count', (count = 0) => count + 1)
        const commit = session.commit().then(() => (committed = true))
        await gate.arrived
        expect(committed).toBe(false)
        gate.release()
        await commit
        expect((await find(token))?.count).toBe(before + 1)
        await update
      }
    })

    test('a commit waits for the first write of a visitor that nobody waited for, so that the token is there', async () => {
      const { sessions } = openShop()
      const session = sessions.open()
      void session.update('count', () => 1)
      await session.commit()
      expect(session.token).toBeDefined()
    })

    test('a commit waits for a renewal that nobody waited for, so that the token is the new one', async () => {
      const { sessions, begin } = openShop()
      const token = await begin({ count: 0 })
      const session = await sessions.load(token)
      void session.renew()
      await session.commit()
      expect(session.token).not.toBe(token)
    })

    test('a commit waits for a failed update too, and does not fail with it', async () => {
      const { sessions, begin, store } = openShop()
      const session = await sessions.load(await begin({ count: 0 }))
      store.fail('compareAndSet')
      const failing = rejection(session.update('count', () => 1))
      await session.commit()
      expect(await failing).toMatchObject({ code: 'unavailable' })
    })

    test('a logout waits for the writes before it', async () => {
      const { sessions, begin, find, dump } = openShop()
      const token = await begin({ count: 0 })
      const session = await sessions.load(token)
      const update = session.update('count', () => 1)
      await session.destroy()
      await update
      expect(await find(token)).toBeUndefined()
      expect((await dump()).size).toBe(0)
      const visitor = await sessions.load()
      visitor.data.count = 1
      const first = visitor.commit()
      await visitor.destroy()
      await first
      expect((await dump()).size).toBe(0)
    })
  })

  describe('a sealed session', () => {
    test('refuses every change and every call that writes, without a command', async () => {
      const { sessions, store, begin } = openShop()
      const session = await sessions.load(await begin({ cart: ['apple'] }))
      store.calls.clear()
      expect(session.seal()).toBeUndefined()
      expect(() => (session.data.user = 'x')).toThrow(expect.objectContaining({ code: 'session-sealed' }))
      expect(() => session.data.cart?.push('pear')).toThrow(TypeError)
      for (const call of [session.update('count', () => 1), session.renew(), session.destroy()])
        expect(await rejection(call)).toMatchObject({ code: 'session-sealed', applied: 'no' })
      await session.commit()
      expect(session.data.cart).toEqual(['apple'])
      expect(store.calls.count()).toBe(0)
    })

    test('says at the commit that a change came too late to be stored', async () => {
      const { sessions, begin, find } = openShop()
      const token = await begin({ cart: ['apple'] })
      const session = await sessions.load(token)
      const cart = session.data.cart
      expect(session.seal()).toBeUndefined()
      cart?.push('pear')
      expect(await rejection(session.commit())).toMatchObject({ code: 'session-sealed' })
      expect(await rejection(session.seal() as Promise<void>)).toMatchObject({ code: 'session-sealed' })
      expect(await find(token)).toEqual({ cart: ['apple'] })
    })

    test('has stored what was changed before, when what seal returns resolves', async () => {
      const { sessions, begin, find } = openShop()
      const token = await begin({ cart: ['apple'] })
      const session = await sessions.load(token)
      session.data.cart?.push('pear')
      await session.seal()
      expect(await find(token)).toEqual({ cart: ['apple', 'pear'] })
    })

    test('has nothing to wait for when nothing was changed, and waits for what was begun before and not awaited', async () => {
      const { sessions, begin, find } = openShop()
      const token = await begin({ cart: ['apple'] })
      expect(sessions.open(token).seal()).toBeUndefined()
      expect((await sessions.load(token)).seal()).toBeUndefined()
      const session = await sessions.load(token)
      void session.update('count', () => 5)
      await session.seal()
      expect(await find(token)).toEqual({ cart: ['apple'], count: 5 })
    })

    test('rejects for a value without a JSON form, as commit does', async () => {
      const { sessions } = openShop()
      const session = await sessions.load()
      session.data.user = 10n as unknown as string
      expect(await rejection(session.seal() as Promise<void>)).toMatchObject({ code: 'invalid-argument' })
    })

    test('can still be loaded, to be read', async () => {
      const { sessions, begin } = openShop()
      const session = sessions.open(await begin({ user: 'Åsa' }))
      expect(session.seal()).toBeUndefined()
      expect(await rejection(session.update('count', () => 1))).toMatchObject({ code: 'session-sealed' })
      await session.load()
      expect(session.data.user).toBe('Åsa')
      expect(() => (session.data.user = 'x')).toThrow(expect.objectContaining({ code: 'session-sealed' }))
    })
  })

  describe('a logout', () => {
    test('ends the session for all who have its token, and leaves a new visitor', async () => {
      const { sessions, begin, dump, find } = openShop()
      const token = await begin({ user: 'Åsa' })
      const session = sessions.open(token)
      await session.destroy()
      expect(session).toMatchObject({
        token: undefined,
        isNew: true,
        isLoaded: true,
        isDestroyed: true,
        endedBecause: 'logged-out',
      })
      expect({ ...session.data }).toEqual({})
      expect((await dump()).size).toBe(0)
      expect(await find(token)).toBeUndefined()
      await session.load()
      session.data.user = 'Örjan'
      await session.commit()
      expect(session.token).not.toBe(token)
      expect(session).toMatchObject({ isDestroyed: true, endedBecause: undefined })
    })

    test('of a session that is gone resolves, and so does a second one', async () => {
      const { sessions, begin } = openShop()
      const token = await begin({ user: 'Åsa' })
      const session = sessions.open(token)
      await session.destroy()
      await session.destroy()
      await sessions.open(token).destroy()
    })

    test('drops what was not committed', async () => {
      const { sessions, begin, dump } = openShop()
      const session = await sessions.load(await begin({ user: 'Åsa' }))
      session.data.count = 1
      await session.destroy()
      await session.commit()
      expect({ ...session.data }).toEqual({})
      expect((await dump()).size).toBe(0)
    })

    test('that failed can be tried again', async () => {
      const { sessions, begin, store, find } = openShop()
      const token = await begin({ user: 'Åsa' })
      const session = sessions.open(token)
      store.fail('take')
      expect(await rejection(session.destroy())).toMatchObject({ code: 'unavailable' })
      expect(session).toMatchObject({ token, isDestroyed: false })
      await session.destroy()
      expect(await find(token)).toBeUndefined()
    })
  })
})
