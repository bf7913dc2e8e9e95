import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { caught, rejection } from './caught.ts'
import { storeKinds, useShops } from './shop.ts'

const codes = ['unavailable', 'timeout', 'denied', 'closed'] as const

describe.each(storeKinds)('a session that cannot be read, on %s', (kind) => {
  const openShop = useShops(kind)

  test.each(codes)('is an error by default (%s), and can be loaded again', async (code) => {
    const { sessions, store, begin } = openShop()
    const session = sessions.open(await begin({ user: 'Åsa' }))
    store.fail('get', { code })
    expect(await rejection(session.load())).toMatchObject({ code })
    expect(session).toMatchObject({ isLoaded: false, readFailure: undefined })
    store.recover()
    await session.load()
    expect(session.data.user).toBe('Åsa')
  })

  test.each(codes)('is anonymous where that is asked for (%s), and says why', async (code) => {
    const { sessions, store, begin } = openShop()
    const token = await begin({ user: 'Åsa' })
    const session = sessions.open(token)
    store.fail('get', { code })
    const failures: unknown[] = []
    const listener = (failure: unknown) => void failures.push(failure)
    subscribe('transient:session:failed', listener)
    await session.load({ storeDown: 'anonymous' })
    unsubscribe('transient:session:failed', listener)
    expect(failures).toEqual([{ code, operation: 'get' }])
    expect(session).toMatchObject({ isLoaded: true, isNew: false, token, endedBecause: undefined, userId: undefined })
    expect(session.readFailure).toMatchObject({ code })
    expect({ ...session.data }).toEqual({})
    expect(session.peekFlash()).toEqual([])
    expect(await session.takeFlash()).toEqual([])
    await session.commit()
  })

  test('is never replaced by a fresh one: whatever would write rejects with the failure', async () => {
    const { sessions, store, begin, find } = openShop()
    const token = await begin({ user: 'Åsa', count: 1 })
    const session = sessions.open(token)
    store.fail('get', { code: 'timeout' })
    await session.load({ storeDown: 'anonymous' })
    // Back again, so that nothing but the session itself refuses.
    store.recover()
    store.calls.clear()
    session.data.count = 2
    const writes = [
      () => session.commit(),
      () => session.update('count', () => 3),
      () => session.renew(),
      () => session.setLifetime({ persistent: true }),
      () => session.login('åsa'),
    ]
    for (const write of writes) expect(await rejection(write())).toBe(session.readFailure)
    expect(store.calls.list()).toEqual([])
    expect(session.token).toBe(token)
    expect(await find(token)).toEqual({ user: 'Åsa', count: 1 })
  })

  test('can still be ended, once the store answers', async () => {
    const { sessions, store, begin, dump } = openShop()
    const session = sessions.open(await begin({ user: 'Åsa' }))
    store.fail('get', { code: 'unavailable' })
    await session.load({ storeDown: 'anonymous' })
    store.fail('take', { code: 'unavailable' })
    expect(await rejection(session.logout())).toMatchObject({ code: 'unavailable' })
    expect(session.isDestroyed).toBe(false)
    store.recover()
    await session.logout()
    expect(session).toMatchObject({ isDestroyed: true, token: undefined, readFailure: undefined })
    expect((await dump()).size).toBe(0)
  })

  test('has texts against cross-site requests like any other, for which nothing has to be read', async () => {
    const { sessions, store, begin } = openShop()
    const token = await begin({ user: 'Åsa' })
    const text = (await sessions.load(token)).csrfToken()
    const session = sessions.open(token)
    store.fail('get', { code: 'timeout' })
    await session.load({ storeDown: 'anonymous' })
    expect(session.verifyCsrfToken(text)).toBe(true)
    expect(sessions.open(token).verifyCsrfToken(session.csrfToken())).toBe(true)
  })

  test('is answered within the deadline', async () => {
    const { sessions, store, begin } = openShop({ deadline: '50ms' })
    const session = sessions.open(await begin({ user: 'Åsa' }))
    const gate = store.hold('get')
    await session.load({ storeDown: 'anonymous' })
    expect(session.readFailure).toMatchObject({ code: 'timeout' })
    gate.release()
  })

  test('is not made anonymous by a mistake of the program', async () => {
    const { sessions, store, begin } = openShop()
    const session = sessions.open(await begin({ user: 'Åsa' }))
    store.get = () => Promise.reject(new TypeError('a bug'))
    expect(await rejection(session.load({ storeDown: 'anonymous' }))).toMatchObject({ message: 'a bug' })
    expect(caught(() => session.data)).toMatchObject({ code: 'session-not-loaded' })
  })
})
