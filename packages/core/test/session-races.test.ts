import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { storeKinds, useShops } from './shop.ts'

describe.each(storeKinds)('races of sessions on %s', (kind) => {
  const openShop = useShops(kind)

  describe('after a logout', () => {
    test('a slow writer brings nothing back: its commit rejects with session-ended', async () => {
      const { sessions, otherSessions, store, begin, dump, find } = openShop()
      const token = await begin({ user: 'Åsa' })
      const slow = await sessions.load(token)
      slow.data.count = 1
      const gate = store.hold('compareAndSet')
      const commit = rejection(slow.commit())
      await gate.arrived
      await otherSessions.open(token).destroy()
      gate.release()
      expect(await commit).toMatchObject({ code: 'session-ended', operation: 'session.commit', applied: 'no' })
      expect((await dump()).size).toBe(0)
      expect(await find(token)).toBeUndefined()
      expect(await rejection(slow.update('count', () => 2))).toMatchObject({
        code: 'session-ended',
        operation: 'session.update',
      })
      expect(await rejection(slow.renew())).toMatchObject({ code: 'session-ended', operation: 'session.renew' })
      expect((await dump()).size).toBe(0)
    })

    test('a slow reader brings nothing back, whether it reads before or after', async () => {
      for (const at of ['before', 'after'] as const) {
        const { sessions, otherSessions, store, begin, dump } = openShop()
        const token = await begin({ user: 'Åsa' })
        const gate = store.hold('get', { at })
        const slow = sessions.load(token)
        await gate.arrived
        await otherSessions.open(token).destroy()
        gate.release()
        await (await slow).commit()
        expect((await dump()).size).toBe(0)
      }
    })

    test('a load that was under way in the same request shows nothing of it', async () => {
      const { sessions, store, begin, dump } = openShop()
      const session = sessions.open(await begin({ user: 'Åsa' }))
      const gate = store.hold('get', { at: 'after' })
      const load = session.load()
      await gate.arrived
      await session.destroy()
      gate.release()
      await load
      expect(session).toMatchObject({ token: undefined, isNew: true, endedBecause: 'logged-out' })
      expect({ ...session.data }).toEqual({})
      session.data.user = 'Örjan'
      await session.commit()
      expect((await dump()).size).toBe(1)
    })

    test('a commit that lost takes none of its neighbours into a new session', async () => {
      const { sessions, otherSessions, begin, dump } = openShop()
      const token = await begin({ user: 'Åsa' })
      const requests = await Promise.all(Array.from({ length: 20 }, () => sessions.load(token)))
      await otherSessions.open(token).destroy()
      requests.forEach((session, index) => (session.data[`field${index}`] = index))
      const ends = await Promise.all(requests.map((session) => rejection(session.commit())))
      for (const end of ends) expect(end).toMatchObject({ code: 'session-ended' })
      expect((await dump()).size).toBe(0)
    })
  })

  describe('a renewal', () => {
    test('gives a new id, keeps the data, and stores what was not committed', async () => {
      const { sessions, begin, find } = openShop()
      const token = await begin({ user: 'Åsa', count: 1 })
      const session = await sessions.load(token)
      const { expiresAt } = session
      session.data.count = 2
      await session.renew()
      expect(session.token).not.toBe(token)
      expect(session).toMatchObject({ expiresAt, isNew: false })
      expect(await find(session.token)).toEqual({ user: 'Åsa', count: 2 })
      session.data.count = 3
      await session.commit()
      expect(await find(session.token)).toEqual({ user: 'Åsa', count: 3 })
    })

    test('loads first where nothing was loaded, and makes a session of what a new visitor wrote', async () => {
      const { sessions, begin, find, dump } = openShop()
      const session = sessions.open(await begin({ user: 'Åsa' }))
      await session.renew()
      expect(await find(session.token)).toEqual({ user: 'Åsa' })
      const visitor = await sessions.load()
      visitor.data.user = 'Örjan'
      await visitor.renew()
      expect(await find(visitor.token)).toEqual({ user: 'Örjan' })
      expect((await dump()).size).toBe(3)
    })

    test('is followed by requests in flight with the old id, for reads and writes, and their token stays', async () => {
      const { sessions, otherSessions, begin, find } = openShop()
      const token = await begin({ user: 'Åsa', count: 1 })
      const inFlight = await otherSessions.load(token)
      const renewing = await sessions.load(token)
      await renewing.renew()
      inFlight.data.a = 1
      await inFlight.commit()
      expect(inFlight.token).toBe(token)
      const late = await otherSessions.load(token)
      expect(late).toMatchObject({ token, isNew: false, endedBecause: undefined })
      await late.update('count', (count = 0) => count + 1)
      expect(await find(renewing.token)).toEqual({ user: 'Åsa', count: 2, a: 1 })
      // And what the renewed one knows is older than that: it sees the conflict, and loses nothing.
      renewing.data.b = 2
      await renewing.commit()
      expect(await find(token)).toEqual({ user: 'Åsa', count: 2, a: 1, b: 2 })
    })

    test('of a renewal of a renewal: the first id still leads there', async () => {
      const { sessions, begin, find } = openShop()
      const token = await begin({ count: 0 })
      let session = await sessions.load(token)
      for (let times = 1; times <= 8; times++) {
        await session.renew()
        session = await sessions.load(session.token)
      }
      await session.update('count', () => 8)
      expect(await find(token)).toEqual({ count: 8 })
    })

    test('a logout with the old id ends the new one too, and one with the new id leaves the old one nowhere to lead', async () => {
      const { sessions, begin, find, dump } = openShop()
      for (const which of ['old', 'new'] as const) {
        const old = await begin({ user: 'Åsa' })
        const session = await sessions.load(old)
        await session.renew()
        await sessions.open(which === 'old' ? old : session.token).destroy()
        expect(await find(session.token)).toBeUndefined()
        expect(await find(old)).toBeUndefined()
      }
      // What is left is the one pointer to nowhere.
      expect((await dump()).size).toBe(1)
    })

    test('without grace leaves no way in by the old id, for readers, writers or a logout', async () => {
      const { sessions, otherSessions, begin, find, dump } = openShop()
      const token = await begin({ user: 'Åsa' })
      const inFlight = await otherSessions.load(token)
      const session = await sessions.load(token)
      await session.renew({ grace: false })
      // The session, and that the old id is closed.
      expect((await dump()).size).toBe(2)
      expect(await find(token)).toBeUndefined()
      inFlight.data.user = 'Mallory'
      expect(await rejection(inFlight.commit())).toMatchObject({ code: 'session-ended' })
      await otherSessions.open(token).destroy()
      expect(await find(session.token)).toEqual({ user: 'Åsa' })
    })

    test('without grace gives no session to a request that arrives with the old id while the new cookie is on its way', async () => {
      const { sessions, otherSessions, begin, find, dump } = openShop()
      const token = await begin({ user: 'Åsa' })
      const session = await sessions.load(token)
      await session.renew({ grace: false })
      const late = await otherSessions.load(token)
      expect(late).toMatchObject({ isNew: true, token: undefined, isDestroyed: false, endedBecause: 'renewed' })
      expect({ ...late.data }).toEqual({})
      expect(late.verifyCsrfToken(late.csrfToken())).toBe(false)
      late.data.count = 1
      expect(await rejection(late.commit())).toMatchObject({ code: 'session-ended' })
      expect(late).toMatchObject({ token: undefined, isDestroyed: false })
      expect((await dump()).size).toBe(2)
      expect(await find(session.token)).toEqual({ user: 'Åsa' })
    })

    test('of two requests at once: one does it, the other follows, and both sets of changes are kept', async () => {
      const { sessions, otherSessions, store, begin, find, dump } = openShop()
      const token = await begin({ user: 'Åsa' })
      const one = await sessions.load(token)
      const two = await otherSessions.load(token)
      one.data.a = 1
      two.data.b = 2
      const gate = store.hold('compareAndSet')
      const first = one.renew()
      await gate.arrived
      await two.renew()
      gate.release()
      await first
      expect(one.token).toBe(token)
      expect(two.token).not.toBe(token)
      expect(await find(two.token)).toEqual({ user: 'Åsa', a: 1, b: 2 })
      expect(await find(token)).toEqual({ user: 'Åsa', a: 1, b: 2 })
      // The session and the pointer; nothing of the renewal that came second.
      expect((await dump()).size).toBe(2)
    })

    test('without grace, of two at once: whoever is second moves on from where the first went', async () => {
      const { sessions, otherSessions, store, begin, find } = openShop()
      const token = await begin({ user: 'nobody' })
      const login = await sessions.load(token)
      const other = await otherSessions.load(token)
      login.data.user = 'Åsa'
      const gate = store.hold('compareAndSet')
      const renewal = login.renew({ grace: false })
      await gate.arrived
      await other.renew()
      gate.release()
      await renewal
      expect(await find(login.token)).toEqual({ user: 'Åsa' })
      expect(await find(token)).toBeUndefined()
      expect(await find(other.token)).toBeUndefined()
    })

    const steps = [
      ['before the new id is written', 'set', 'before'],
      ['after the new id is written', 'set', 'after'],
      ['before the old id becomes a pointer', 'compareAndSet', 'before'],
      ['after the old id became a pointer', 'compareAndSet', 'after'],
    ] as const

    test.each(steps)('a write that comes %s is kept', async (_, verb, at) => {
      for (const grace of ['10s', false] as const) {
        const { sessions, otherSessions, store, begin, find } = openShop()
        const token = await begin({ user: 'Åsa', count: 0 })
        const renewing = await sessions.load(token)
        renewing.data.a = 1
        const writing = await otherSessions.load(token)
        const gate = store.hold(verb, { at })
        const renewal = renewing.renew({ grace })
        await gate.arrived
        writing.data.b = 2
        const write = writing.commit()
        const isTooLate = grace === false && verb === 'compareAndSet' && at === 'after'
        if (isTooLate) expect(await rejection(write)).toMatchObject({ code: 'session-ended' })
        else await write
        gate.release()
        await renewal
        expect(await find(renewing.token)).toEqual({ user: 'Åsa', count: 0, a: 1, ...(isTooLate ? {} : { b: 2 }) })
      }
    })

    test.each(steps)('a logout that comes %s wins, and nothing is left', async (_, verb, at) => {
      for (const grace of ['10s', false] as const) {
        const { sessions, otherSessions, store, begin, find, dump } = openShop()
        const token = await begin({ user: 'Åsa' })
        const renewing = await sessions.load(token)
        const gate = store.hold(verb, { at })
        const renewal = renewing.renew({ grace }).catch((error: unknown) => error)
        await gate.arrived
        await otherSessions.open(token).destroy()
        gate.release()
        const answer = await renewal
        const wasMoved = verb === 'compareAndSet' && at === 'after'
        if (wasMoved) expect(answer).toBeUndefined()
        else expect(answer).toMatchObject({ code: 'session-ended', operation: 'session.renew', applied: 'no' })
        // Who renewed without grace was first, and has left no way for the logout of an anonymous id to follow.
        const isOutOfReach = wasMoved && grace === false
        expect((await dump()).size).toBe(isOutOfReach ? 2 : 0)
        expect(await find(renewing.token)).toEqual(isOutOfReach ? { user: 'Åsa' } : undefined)
      }
    })

    test('that the store refuses leaves nothing behind, and the session as it was', async () => {
      for (const verb of ['set', 'compareAndSet'] as const) {
        for (const grace of ['10s', false] as const) {
          const { sessions, store, begin, find, dump } = openShop()
          const token = await begin({ user: 'Åsa' })
          const session = await sessions.load(token)
          session.data.count = 1
          store.fail(verb, { code: 'full' })
          expect(await rejection(session.renew({ grace }))).toMatchObject({ code: 'full', applied: 'no' })
          expect((await dump()).size).toBe(1)
          expect(session.token).toBe(token)
          await session.commit()
          expect(await find(token)).toEqual({ user: 'Åsa', count: 1 })
        }
      }
    })

    test('whose answer was lost loses no session: the old id leads to it', async () => {
      const { sessions, store, begin, find } = openShop()
      const token = await begin({ user: 'Åsa' })
      const session = await sessions.load(token)
      store.fail('compareAndSet', { code: 'unavailable', at: 'after' })
      expect(await rejection(session.renew())).toMatchObject({ code: 'unavailable', applied: 'unknown' })
      expect(session.token).toBe(token)
      expect(await find(token)).toEqual({ user: 'Åsa' })
    })

    test.each([0, -1, 1.5, '5 minuts', '', Number.NaN, true])(
      'with the grace %j is refused before any command',
      async (grace) => {
        const { sessions, store, begin, dump } = openShop()
        const session = sessions.open(await begin({ user: 'Åsa' }))
        const error = await rejection(session.renew({ grace: grace as never }))
        expect(error).toBeInstanceOf(RangeError)
        expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('grace') as string })
        expect(store.calls.count()).toBe(0)
        expect((await dump()).size).toBe(1)
      },
    )

    test('with a grace beyond the session itself, or without end, is a renewal that lasts as long as the session', async () => {
      for (const grace of ['400d', Number.POSITIVE_INFINITY] as const) {
        const { sessions, begin, find } = openShop()
        const token = await begin({ user: 'Åsa' })
        const session = await sessions.load(token)
        await session.renew({ grace })
        expect(await find(token)).toEqual({ user: 'Åsa' })
      }
    })
  })

  test('no write is taken for another, however alike they are', async () => {
    const { sessions, otherSessions, begin, find } = openShop()
    const token = await begin({ a: 0, b: 0 })
    // As often as it takes for stamps that are told apart by a few bits only to meet.
    for (let times = 1; times <= 150; times++) {
      const [one, two] = [await sessions.load(token), await otherSessions.load(token)]
      one.data.a = times
      two.data.b = times
      await one.commit()
      await two.commit()
    }
    const session = await sessions.load(token)
    for (let times = 1; times <= 150; times++) {
      session.data.count = times
      await otherSessions.open(token).update('a', (a = 0) => a + 1)
      await session.commit()
      expect(await find(token)).toMatchObject({ a: 150 + times, b: 150, count: times })
    }
  })

  test('a commit that failed can be committed again, and one whose answer was lost stores nothing twice', async () => {
    for (const at of ['before', 'after'] as const) {
      const { sessions, otherSessions, store, begin, find } = openShop()
      const token = await begin({ user: 'Åsa', cart: ['apple'] })
      const session = await sessions.load(token)
      session.data.cart?.push('pear')
      delete session.data.user
      store.fail('compareAndSet', { at })
      expect(await rejection(session.commit())).toMatchObject({
        code: 'unavailable',
        applied: at === 'before' ? 'no' : 'unknown',
      })
      await otherSessions.open(token).update('count', () => 1)
      await session.commit()
      expect(await find(token)).toEqual({ cart: ['apple', 'pear'], count: 1 })
    }
  })

  test('a first commit that failed can be committed again', async () => {
    const { sessions, store, dump, find } = openShop()
    const session = await sessions.load()
    session.data.user = 'Åsa'
    store.fail('compareAndSet')
    expect(await rejection(session.commit())).toMatchObject({ code: 'unavailable' })
    expect(session.token).toBeUndefined()
    await session.commit()
    expect(await find(session.token)).toEqual({ user: 'Åsa' })
    expect((await dump()).size).toBe(1)
  })

  test('an update whose answer was lost says that it may have been applied', async () => {
    const { sessions, store, begin } = openShop()
    const session = await sessions.load(await begin({ count: 0 }))
    store.fail('compareAndSet', { code: 'timeout', at: 'after' })
    expect(await rejection(session.update('count', (count = 0) => count + 1))).toMatchObject({
      code: 'timeout',
      applied: 'unknown',
    })
  })

  test('one value too large for the store fails its own writer only', async () => {
    const { sessions, store, begin, find } = openShop()
    const token = await begin({ count: 0 })
    const requests = await Promise.all([1, 2, 3].map(() => sessions.load(token)))
    const gate = store.hold('compareAndSet')
    const first = (await sessions.load(token)).update('count', () => 1)
    await gate.arrived
    requests[0]!.data.a = 1
    requests[1]!.data.user = 'x'.repeat(1000)
    requests[2]!.data.b = 2
    const all = Promise.allSettled(requests.map((session) => session.commit()))
    const compareAndSet = store.compareAndSet as (...args: unknown[]) => Promise<boolean>
    Object.assign(store, {
      compareAndSet: (key: string, expected: Uint8Array, next: Uint8Array, ...rest: unknown[]) => {
        if (next.length > 1000) store.fail('compareAndSet', { code: 'too-large' })
        return compareAndSet(key, expected, next, ...rest)
      },
    })
    gate.release()
    await first
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await find(token)).toEqual({ count: 1, a: 1, b: 2 })
  })
})
