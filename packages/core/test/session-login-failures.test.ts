import { utf8 } from '@transient/core'
import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { storeKinds, useShops } from './shop.ts'
import { listKey, livingOf, logIn, unlistedOf, whoIs } from './users.ts'

describe.each(storeKinds)('a login that fails on %s', (kind) => {
  const openShop = useShops(kind)

  // Every call of the store that a login makes: by its verb, or by the key it is about.
  const calls = [
    ['reading the list', 'get', 'before', 'unavailable'],
    ['reading the list, later', 'get', 'after', 'timeout'],
    ['writing the session', 'set', 'before', 'full'],
    ['writing the session, unheard', 'set', 'after', 'timeout'],
    ['changing the list', 'list', 'before', 'unavailable'],
    ['changing the list, unheard', 'list', 'after', 'timeout'],
    ['leaving the marker', 'marker', 'before', 'unavailable'],
  ] as const

  test.each(calls)(
    'at %s leaves the visitor as before, and nothing alive that nobody can end',
    async (_, call, at, code) => {
      for (const before of ['anonymous', 'åsa', 'new'] as const) {
        const shop = openShop()
        const anonymous = await shop.begin({ count: 1 })
        const token =
          before === 'new'
            ? undefined
            : before === 'åsa'
              ? (await logIn(shop, 'åsa', { token: anonymous })).token
              : anonymous
        const session = await shop.sessions.load(token)
        if (call === 'marker' && token === undefined) continue
        session.data.a = 1
        session.flash('still here')
        if (call === 'get' || call === 'set') shop.store.fail(call, { at, code })
        else {
          const keys = [...(await shop.dump()).entries()]
          const [old] = keys.find(([, text]) => text.includes('"kind":"session"')) ?? []
          shop.store.fail('compareAndSet', { at, code, key: call === 'list' ? listKey('åsa') : (old as string) })
        }
        expect(await rejection(session.login('åsa'))).toMatchObject({ code })
        shop.store.recover()
        expect(session).toMatchObject({ token, userId: before === 'åsa' ? 'åsa' : undefined, isDestroyed: false })
        expect(await whoIs(shop, token)).toBe(before === 'new' ? undefined : before)
        expect(await unlistedOf(shop, 'åsa')).toEqual([])
        expect(await livingOf(shop, 'åsa')).toHaveLength(before === 'åsa' ? 1 : 0)
        expect(await shop.otherSessions.ofUser('åsa')).toHaveLength(before === 'åsa' ? 1 : 0)
        // What it had not committed is still there to be committed, or to go along with another try.
        expect(session.peekFlash()).toHaveLength(1)
        await session.login('åsa')
        expect(await shop.find(session.token)).toEqual({ ...(token === undefined ? {} : { count: 1 }), a: 1 })
        expect(await (await shop.otherSessions.load(session.token)).takeFlash()).toHaveLength(1)
        expect(await livingOf(shop, 'åsa')).toHaveLength(1)
        expect(await unlistedOf(shop, 'åsa')).toEqual([])
      }
    },
  )

  test('because the answer about the marker is lost keeps what it may lead to, listed, so that it can be ended', async () => {
    const shop = openShop()
    const token = await shop.begin({ count: 1 })
    const [key] = [...(await shop.dump()).keys()] as [string]
    const session = await shop.sessions.load(token)
    const slow = await shop.otherSessions.load(token)
    shop.store.fail('compareAndSet', { at: 'after', code: 'timeout', key })
    expect(await rejection(session.login('åsa'))).toMatchObject({ code: 'timeout', applied: 'unknown' })
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    slow.data.a = 1
    await slow.commit()
    expect(await shop.otherSessions.ofUser('åsa')).toHaveLength(1)
    await shop.otherSessions.revoke('åsa')
    expect(await livingOf(shop, 'åsa')).toEqual([])
    // Who comes again can log in.
    const again = await shop.sessions.load(token)
    await again.login('åsa')
    expect(await whoIs(shop, again.token)).toBe('åsa')
  })

  test('over a session of another user leaves that one as it was, whatever call fails', async () => {
    for (const call of ['get', 'set', 'list', 'take'] as const) {
      const shop = openShop()
      const { token, handle } = await logIn(shop, 'åsa', { data: { count: 1 } })
      const session = await shop.sessions.load(token)
      session.data.a = 1
      if (call === 'list') shop.store.fail('compareAndSet', { key: listKey('örjan') })
      else shop.store.fail(call)
      expect(await rejection(session.login('örjan'))).toMatchObject({ code: 'unavailable' })
      expect(session).toMatchObject({ token, handle, userId: 'åsa', isDestroyed: false })
      expect(await livingOf(shop, 'örjan')).toEqual([])
      expect(await shop.sessions.ofUser('örjan')).toEqual([])
      await session.commit()
      expect(await shop.find(token)).toEqual({ count: 1, a: 1 })
    }
  })

  test('clears away what it wrote only when that is written', async () => {
    const shop = openShop()
    const session = await shop.sessions.load(await shop.begin({ count: 1 }))
    const gate = shop.store.hold('set')
    shop.store.fail('get')
    const login = rejection(session.login('åsa'))
    await gate.arrived
    await new Promise(setImmediate)
    gate.release()
    expect(await login).toMatchObject({ code: 'unavailable' })
    expect(await livingOf(shop, 'åsa')).toEqual([])
  })

  test('and cannot clear up either rejects with the reason it failed for', async () => {
    const shop = openShop()
    const session = await shop.sessions.load()
    shop.store.fail('compareAndSet', { code: 'full' })
    shop.store.fail('delete')
    expect(await rejection(session.login('åsa'))).toMatchObject({ code: 'full' })
    expect(session).toMatchObject({ token: undefined, userId: undefined })
  })

  test('because what is stored is of a later release leaves that untouched, and one over damage takes its place', async () => {
    const shop = openShop()
    const token = await shop.begin({ count: 1 })
    const [key] = [...(await shop.dump()).keys()] as [string]
    const later = utf8.encode(`${'s'.repeat(36)}\n{"v":99}\n.`)
    await shop.otherStore.set(key, later, 3_600_000)
    const session = await shop.sessions.load(token)
    expect(await rejection(session.login('åsa'))).toMatchObject({ code: 'session-unreadable', applied: 'no' })
    expect(Buffer.compare((await shop.otherStore.get(key)) as Uint8Array, later)).toBe(0)
    expect(await livingOf(shop, 'åsa')).toEqual([])
    await shop.otherStore.set(key, Uint8Array.of(0xff), 3_600_000)
    const damaged = await shop.sessions.load(token)
    await damaged.login('åsa')
    expect(await whoIs(shop, damaged.token)).toBe('åsa')
    expect(await whoIs(shop, token)).toBe('expired')
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
  })

  test('because the session could not be read rejects with that reason, and mints none', async () => {
    const shop = openShop()
    const session = shop.sessions.open(await shop.begin({ count: 1 }))
    shop.store.fail('get')
    await session.load({ storeDown: 'anonymous' })
    expect(await rejection(session.login('åsa'))).toMatchObject({ code: 'unavailable' })
    expect(await livingOf(shop, 'åsa')).toEqual([])
  })
})
