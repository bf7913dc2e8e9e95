import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createSessionStore, type SessionProblem, utf8 } from '@transient/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { type Shop, secret, storeKinds, useShops } from './shop.ts'

const hour = 3_600_000
let corrupt: SessionProblem[] = []
let unreadable: SessionProblem[] = []
const onCorrupt = (message: unknown) => void corrupt.push(message as SessionProblem)
const onUnreadable = (message: unknown) => void unreadable.push(message as SessionProblem)

beforeEach(() => {
  corrupt = []
  unreadable = []
  subscribe('transient:session:corrupt', onCorrupt)
  subscribe('transient:session:unreadable', onUnreadable)
})
afterEach(() => {
  unsubscribe('transient:session:corrupt', onCorrupt)
  unsubscribe('transient:session:unreadable', onUnreadable)
})

const header = `{"v":1,"kind":"session","created":${Date.now()},"ends":9000000000000,"idle":1800000}`
const stamp = 's'.repeat(36)

describe.each(storeKinds)('troubled sessions on %s', (kind) => {
  const openShop = useShops(kind)

  /** A session whose stored bytes were replaced by these. */
  async function damagedShop(bytes: Uint8Array) {
    const shop = openShop()
    const token = await shop.begin({ user: 'Åsa', count: 1 })
    const [key] = [...(await shop.dump()).keys()] as [string]
    await shop.otherStore.set(key, bytes, hour)
    return { ...shop, token, key }
  }

  describe('a corrupt session', () => {
    const kinds: [string, Uint8Array][] = [
      ['nothing at all', new Uint8Array()],
      ['one byte', Uint8Array.of(0xff)],
      ['JSON of somebody else', utf8.encode('{"cookie":{}}')],
      ['a record cut short', utf8.encode(`${stamp}\n${header}\n"user":"Å`)],
    ]

    test.each(kinds)('of %s is reported, and replaced by the next write, under the same token', async (_, bytes) => {
      const { sessions, token, key, find, dump } = await damagedShop(bytes)
      const session = await sessions.load(token)
      expect(session).toMatchObject({ isNew: true, token: undefined, endedBecause: 'corrupt' })
      expect({ ...session.data }).toEqual({})
      expect(corrupt).toEqual([{ id: key.slice('session:'.length) }])
      session.data.user = 'Örjan'
      await session.commit()
      expect(session).toMatchObject({ token, isNew: false, endedBecause: undefined })
      expect(await find(token)).toEqual({ user: 'Örjan' })
      expect((await dump()).size).toBe(1)
    })

    test('is left as it is by who only reads', async () => {
      const { sessions, token, dump } = await damagedShop(utf8.encode('damaged'))
      await (await sessions.load(token)).commit()
      expect([...(await dump()).values()]).toEqual(['damaged'])
    })

    test('is replaced once by all who write at the same time, and all their changes are kept', async () => {
      const { sessions, otherSessions, token, find, dump } = await damagedShop(utf8.encode('damaged'))
      const requests = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? sessions : otherSessions).load(token)),
      )
      requests.forEach((session, index) => (session.data[`field${index}`] = index))
      await Promise.all(requests.map((session) => session.commit()))
      expect(Object.keys((await find(token)) ?? {})).toHaveLength(20)
      expect((await dump()).size).toBe(1)
      for (const session of requests) expect(session.token).toBe(token)
    })

    test('is not brought back after a logout', async () => {
      const { sessions, otherSessions, token, dump } = await damagedShop(utf8.encode('damaged'))
      const session = await sessions.load(token)
      await otherSessions.open(token).destroy()
      session.data.user = 'Örjan'
      expect(await rejection(session.commit())).toMatchObject({ code: 'session-ended' })
      expect((await dump()).size).toBe(0)
    })

    test('that is renewed goes, and the new id has what was written', async () => {
      const { sessions, token, find, dump } = await damagedShop(utf8.encode('damaged'))
      const session = await sessions.load(token)
      session.data.user = 'Örjan'
      await session.renew()
      expect(session.token).not.toBe(token)
      expect(await find(session.token)).toEqual({ user: 'Örjan' })
      expect((await dump()).size).toBe(1)
    })

    test('is ended by a logout', async () => {
      const { sessions, token, dump } = await damagedShop(utf8.encode('damaged'))
      const session = await sessions.load(token)
      await session.destroy()
      expect((await dump()).size).toBe(0)
    })
  })

  describe('one corrupt field among sound ones', () => {
    const bytes = utf8.encode(`${stamp}\n${header}\n"user":{oops\n"count":7\n.`)

    test('is reported when it is asked for, absent, and removed by the next write; the others stay', async () => {
      const { sessions, token, key, find } = await damagedShop(bytes)
      const session = await sessions.load(token)
      expect(session).toMatchObject({ isNew: false, endedBecause: undefined })
      expect([session.data.count, corrupt.length]).toEqual([7, 0])
      expect(session.data.user).toBeUndefined()
      expect(corrupt).toEqual([{ id: key.slice('session:'.length), field: 'user' }])
      session.data.a = 1
      await session.commit()
      expect(await find(token)).toEqual({ count: 7, a: 1 })
    })

    test('is reported by an update of it, which begins with undefined', async () => {
      const { sessions, token, find } = await damagedShop(bytes)
      const seen: unknown[] = []
      await sessions.open(token).update('user', (user) => {
        seen.push(user)
        return 'Örjan'
      })
      expect(seen).toEqual([undefined])
      expect(corrupt).toMatchObject([{ field: 'user' }])
      expect(await find(token)).toEqual({ user: 'Örjan', count: 7 })
    })
  })

  describe('a session of a release that this one does not know', () => {
    const bytes = utf8.encode(`${stamp}\n{"v":2,"form":"new"}\nwhatever comes there`)

    test('is reported, refused for every write, and left untouched byte for byte', async () => {
      const { sessions, token, key, otherStore } = await damagedShop(bytes)
      const session = await sessions.load(token)
      expect(session).toMatchObject({ isNew: true, token: undefined, endedBecause: 'unreadable' })
      expect({ ...session.data }).toEqual({})
      expect(unreadable).toEqual([{ id: key.slice('session:'.length) }])
      session.data.user = 'Örjan'
      const writes = [
        () => session.commit(),
        () => session.update('count', () => 1),
        () => session.renew(),
        () => session.commit(),
      ]
      for (const write of writes)
        expect(await rejection(write())).toMatchObject({ code: 'session-unreadable', applied: 'no' })
      expect(Buffer.from((await otherStore.get(key)) as Uint8Array)).toEqual(Buffer.from(bytes))
      expect(corrupt).toEqual([])
    })

    test('that came while a request was under way is refused to it, too', async () => {
      const { sessions, otherStore, begin, dump } = openShop()
      const token = await begin({ user: 'Åsa' })
      const [writing, renewing] = [await sessions.load(token), await sessions.load(token)]
      const [key] = [...(await dump()).keys()] as [string]
      await otherStore.set(key, bytes, hour)
      writing.data.count = 1
      expect(await rejection(writing.commit())).toMatchObject({ code: 'session-unreadable' })
      expect(await rejection(renewing.renew())).toMatchObject({ code: 'session-unreadable' })
      expect([...(await dump()).values()]).toEqual([Buffer.from(bytes).toString('latin1')])
    })
  })

  describe('a token signed by another secret', () => {
    const oldSecret = 'the old secret of more than thirty-two characters'

    test('is verified while its secret is in the ring, and re-issued by the first', async () => {
      const { sessions, store, begin } = openShop({ secrets: oldSecret })
      const token = await begin({ user: 'Åsa' })
      const rotated = createSessionStore<Shop>(store, { secrets: [secret, oldSecret] })
      const session = await rotated.load(token)
      expect(session.data.user).toBe('Åsa')
      expect(session.token).not.toBe(token)
      const only = createSessionStore<Shop>(store, { secrets: secret })
      expect((await only.load(session.token)).data.user).toBe('Åsa')
      expect((await sessions.load(token)).data.user).toBe('Åsa')
    })

    test('that is not in the ring is unreadable, costs nothing, and what is stored stays', async () => {
      const { store, begin, dump } = openShop({ secrets: oldSecret })
      const token = await begin({ user: 'Åsa' })
      const before = await dump()
      const session = await createSessionStore<Shop>(store, { secrets: secret }).load(token)
      expect(session).toMatchObject({ isNew: true, endedBecause: 'unreadable' })
      expect(store.calls.count()).toBe(0)
      session.data.user = 'Örjan'
      await session.commit()
      expect((await dump()).size).toBe(2)
      for (const [key, value] of before) expect((await dump()).get(key)).toBe(value)
    })
  })

  describe('with the store down', () => {
    test('a load rejects, makes no fresh session, and can be tried again', async () => {
      const { sessions, store, begin, dump } = openShop()
      const token = await begin({ user: 'Åsa' })
      const session = sessions.open(token)
      store.fail('*', { times: 3 })
      expect(await rejection(session.load())).toMatchObject({ code: 'unavailable', operation: 'get' })
      expect(session).toMatchObject({ isLoaded: false, isNew: false, token, endedBecause: undefined })
      expect(() => session.data).toThrow(expect.objectContaining({ code: 'session-not-loaded' }))
      expect(await rejection(sessions.load(token))).toMatchObject({ code: 'unavailable' })
      expect(await rejection(session.update('count', () => 1))).toMatchObject({ code: 'unavailable' })
      await session.commit()
      await session.load()
      expect(session.data.user).toBe('Åsa')
      expect((await dump()).size).toBe(1)
    })

    test('concurrent loads of one session fail together, and the next one reads anew', async () => {
      const { sessions, store, begin } = openShop()
      const session = sessions.open(await begin({ user: 'Åsa' }))
      store.fail('get')
      const ends = await Promise.all([rejection(session.load()), rejection(session.load())])
      expect(ends[0]).toBe(ends[1])
      await session.load()
      expect(store.calls.count('get')).toBe(2)
    })
  })

  // Real time: the deadline is what is tested.
  describe('with a store that does not answer', () => {
    test('a load rejects with timeout, a write too and says whether it may be applied', async () => {
      const { sessions, store, begin } = openShop({ deadline: 30 })
      const token = await begin({ user: 'Åsa' })
      const loaded = await sessions.load(token)
      loaded.data.count = 1
      store.hold('*', { times: Number.POSITIVE_INFINITY })
      expect(await rejection(sessions.load(token))).toMatchObject({ code: 'timeout', operation: 'get' })
      expect(await rejection(loaded.commit())).toMatchObject({ code: 'timeout', applied: 'unknown' })
      const visitor = await sessions.load()
      visitor.data.user = 'x'
      expect(await rejection(visitor.commit())).toMatchObject({ code: 'timeout', applied: 'unknown' })
      store.recover()
      await loaded.commit()
      expect((await sessions.load(token)).data.count).toBe(1)
    })

    test('a logout rejects with timeout, and may have ended the session', async () => {
      const { sessions, store, begin, find } = openShop({ deadline: 30 })
      const token = await begin({ user: 'Åsa' })
      const gate = store.hold('take')
      expect(await rejection(sessions.open(token).destroy())).toMatchObject({ code: 'timeout', applied: 'unknown' })
      expect(await find(token)).toEqual({ user: 'Åsa' })
      gate.release()
      await sessions.open(token).destroy()
      expect(await find(token)).toBeUndefined()
    })

    test('writers who wait behind another say that nothing of theirs was sent', async () => {
      const { sessions, store, begin } = openShop({ deadline: 60 })
      const token = await begin({ user: 'Åsa' })
      const requests = await Promise.all([1, 2].map(() => sessions.load(token)))
      requests.forEach((session, index) => (session.data[`field${index}`] = index))
      store.hold('compareAndSet', { times: Number.POSITIVE_INFINITY })
      const [first, second] = await Promise.all(requests.map((session) => rejection(session.commit())))
      expect(first).toMatchObject({ code: 'timeout', applied: 'unknown' })
      expect(second).toMatchObject({ code: 'timeout' })
      store.recover()
    })

    test('a writer whom others always beat to it rejects with conflict, and nothing was written', async () => {
      const { sessions, store, otherSessions, begin, find } = openShop({ deadline: 60 })
      const token = await begin({ count: 0 })
      const loser = await sessions.load(token)
      loser.data.user = 'Åsa'
      const compareAndSet = store.compareAndSet as (...args: unknown[]) => Promise<boolean>
      let isRunning = true
      Object.assign(store, {
        compareAndSet: async (...args: unknown[]) => {
          if (isRunning) await otherSessions.open(token).update('count', (count = 0) => count + 1)
          // Real time, so that the deadline comes: it passes while the newest state is read.
          await new Promise((resolve) => setTimeout(resolve, 1))
          return compareAndSet(...args)
        },
      })
      store.delay('get', 15)
      const error = await rejection(loser.commit())
      isRunning = false
      expect(['conflict', 'timeout']).toContain((error as { code: string }).code)
      if ((error as { code: string }).code === 'conflict') expect(error).toMatchObject({ applied: 'no' })
      store.recover()
      expect((await find(token))?.user).toBeUndefined()
    })
  })
})
