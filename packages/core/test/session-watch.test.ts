import type { Duration, SessionEnd, StoreChange, WatchableStore } from '@transient/core'
import { createSessionStore, TransientError } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { describe, expect, test, vi } from 'vitest'
import { rejection } from './caught.ts'
import { createGate } from './gate.ts'
import { secret, storeKinds, useShops } from './shop.ts'

/** Hears of one end, and counts. */
function listener() {
  const heard: SessionEnd[] = []
  let tell = (_: SessionEnd) => {}
  const end = new Promise<SessionEnd>((resolve) => (tell = resolve))
  const onEnd = (reason: SessionEnd) => {
    heard.push(reason)
    tell(reason)
  }
  return { heard, end, onEnd }
}

describe.each(storeKinds)('a watch on %s', (kind) => {
  const openShop = useShops(kind)
  // Where the store tells of changes nothing is left to the interval. The others look so often that no test waits for long.
  const every = kind === 'memory' ? '1d' : '5ms'

  async function watched(options: { readonly every?: Duration } = {}) {
    const shop = openShop()
    const session = await shop.sessions.load()
    await session.login('åsa')
    const ears = listener()
    const watch = await shop.sessions.watch(session, ears.onEnd, { every, ...options })
    return { ...shop, ...ears, session, watch }
  }

  test('tells of a revocation, once', async () => {
    const { otherSessions, end, heard, watch } = await watched()
    await otherSessions.revoke('åsa')
    expect(await end).toBe('revoked')
    await otherSessions.revoke('åsa')
    await watch[Symbol.asyncDispose]()
    expect(heard).toEqual(['revoked'])
  })

  test('tells of a logout elsewhere', async () => {
    const { otherSessions, session, end } = await watched()
    await otherSessions.open(session.token).logout()
    expect(await end).toBe('expired')
  })

  test('follows a renewal, and then tells of the end', async () => {
    const { otherSessions, session, end, heard } = await watched()
    const elsewhere = await otherSessions.load(session.token)
    await elsewhere.renew()
    elsewhere.data.count = 1
    await elsewhere.commit()
    await otherSessions.revoke('åsa')
    expect(await end).toBe('revoked')
    expect(heard).toEqual(['revoked'])
  })

  test('of an anonymous visitor ends with a login: who it was is not who it is', async () => {
    const { sessions, otherSessions, begin } = openShop()
    const token = await begin({ count: 1 })
    const ears = listener()
    await sessions.watch(await sessions.load(token), ears.onEnd, { every })
    await (await otherSessions.load(token)).login('åsa')
    expect(await ears.end).toBe('renewed')
  })

  test('says nothing of writes, nor of a store that cannot be read, and goes on', async () => {
    const { store, otherSessions, session, end, heard } = await watched({ every: '5ms' })
    const elsewhere = await otherSessions.load(session.token)
    const gate = store.hold('get')
    elsewhere.data.count = 1
    await elsewhere.commit()
    await gate.arrived
    store.fail('get', { code: 'unavailable' })
    gate.release()
    await otherSessions.revoke('åsa')
    expect(await end).toBe('revoked')
    expect(heard).toEqual(['revoked'])
  })

  test('that was disposed, or aborted, says nothing any more', async () => {
    const { sessions, otherSessions, session, heard, watch } = await watched()
    await watch[Symbol.asyncDispose]()
    const ears = listener()
    const control = new AbortController()
    await sessions.watch(session, ears.onEnd, { every, signal: control.signal })
    control.abort()
    await sessions.watch(session, ears.onEnd, { every, signal: control.signal })
    const last = listener()
    await sessions.watch(session, last.onEnd, { every })
    await otherSessions.revoke('åsa')
    // The third has heard of it, so the others would have.
    expect(await last.end).toBe('revoked')
    expect([heard, ears.heard]).toEqual([[], []])
  })

  test('of what has ended already tells so before it begins', async () => {
    const { sessions, otherSessions, session } = await watched()
    await otherSessions.revoke('åsa')
    const ears = listener()
    await sessions.watch(session, ears.onEnd, { every })
    expect(ears.heard).toEqual(['revoked'])
    const visitor = listener()
    await sessions.watch(await sessions.load(), visitor.onEnd)
    expect(visitor.heard).toEqual(['expired'])
    const forged = listener()
    await sessions.watch(await sessions.load('1.x.y'), forged.onEnd)
    expect(forged.heard).toEqual(['tampered'])
  })

  test('rejects as a load does, and leaves nothing running', async () => {
    const { sessions, store, begin } = openShop()
    const session = sessions.open(await begin({ count: 1 }))
    store.fail('get', { code: 'unavailable' })
    const ears = listener()
    expect(await rejection(sessions.watch(session, ears.onEnd, { every }))).toMatchObject({ code: 'unavailable' })
    expect(await rejection(sessions.watch(session, ears.onEnd, { every: '5 minuts' as '5m' }))).toMatchObject({
      code: 'invalid-argument',
    })
    expect(ears.heard).toEqual([])
  })
})

describe('a watch', () => {
  const minute = 60_000

  function onClock() {
    let time = 1_700_000_000_000
    const now = () => time
    const memory = createFaultyStore(createMemoryStore({ now }))
    const sessions = createSessionStore<{ a: number }>(memory, { secrets: secret, now, idleTimeout: '30m' })
    return { memory, sessions, pass: (span: number) => (time += span) }
  }

  test('keeps the session from going idle, unless it is told not to, and never beyond the absolute end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      for (const [touch, left] of [
        [true, 30 * minute],
        [false, 10 * minute],
      ] as const) {
        const { memory, sessions, pass } = onClock()
        const session = await sessions.load()
        session.data.a = 1
        await session.commit()
        const ears = listener()
        await sessions.watch(session, ears.onEnd, { every: '5s', touch })
        pass(20 * minute)
        await vi.advanceTimersByTimeAsync(5000)
        const keys: string[] = []
        for await (const found of memory.scan('')) keys.push(...found)
        expect(await memory.ttl(keys)).toEqual([left])
        pass(12 * 60 * minute)
        await vi.advanceTimersByTimeAsync(5000)
        expect(ears.heard).toEqual(['expired'])
        memory.calls.clear()
        await vi.advanceTimersByTimeAsync(5000)
        expect(memory.calls.list()).toEqual([])
      }
    } finally {
      vi.useRealTimers()
    }
  })

  test('of a store that refuses to tell of changes looks from time to time', async () => {
    for (const code of ['unsupported', 'denied'] as const) {
      const memory = createMemoryStore()
      const refused = () => Promise.reject(new TransientError(code, { operation: 'watch' }))
      const sessions = createSessionStore(Object.assign(memory, { watch: refused }), { secrets: secret })
      const session = await sessions.load()
      await session.login('åsa')
      const ears = listener()
      await sessions.watch(session, ears.onEnd, { every: '5ms' })
      await sessions.revoke('åsa')
      expect(await ears.end).toBe('revoked')
    }
  })

  test('looks at least twice in a grace window, so that no renewal is missed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { sessions, pass } = onClock()
      const session = await sessions.load()
      session.data.a = 1
      await session.commit()
      const ears = listener()
      await sessions.watch(session, ears.onEnd, { every: '1d' })
      const elsewhere = await sessions.load(session.token)
      await elsewhere.renew()
      pass(5000)
      await vi.advanceTimersByTimeAsync(5000)
      pass(10_000)
      await vi.advanceTimersByTimeAsync(10_000)
      expect(ears.heard).toEqual([])
      await elsewhere.destroy()
      await vi.advanceTimersByTimeAsync(5000)
      expect(ears.heard).toEqual(['expired'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('lives as long as the session, whose lifetime may be another one since', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { sessions, pass } = onClock()
      const session = await sessions.load()
      session.data.a = 1
      await session.commit()
      const ears = listener()
      await sessions.watch(session, ears.onEnd, { every: '5s' })
      await session.setLifetime({ idleTimeout: '2d', absoluteTimeout: '3d' })
      await vi.advanceTimersByTimeAsync(5000)
      pass(24 * 60 * minute)
      await vi.advanceTimersByTimeAsync(5000)
      expect(ears.heard).toEqual([])
      pass(36 * 60 * minute)
      await vi.advanceTimersByTimeAsync(5000)
      expect((await sessions.load(session.token)).isNew).toBe(false)
    } finally {
      vi.useRealTimers()
    }
  })

  test('that is disposed while it begins to listen elsewhere leaves no listener behind', async () => {
    const memory = createMemoryStore()
    const begun: string[] = []
    const ended = new Set<string>()
    const gate = createGate()
    const store: WatchableStore = {
      ...memory,
      watch: async (prefix: string, listener: (change: StoreChange) => void) => {
        begun.push(prefix)
        if (begun.length > 1) await gate.pass()
        const watch = await memory.watch(prefix, listener)
        return {
          [Symbol.asyncDispose]: () => {
            ended.add(prefix)
            return watch[Symbol.asyncDispose]()
          },
        }
      },
    }
    const sessions = createSessionStore<{ a: number }>(store, { secrets: secret })
    const session = await sessions.load()
    session.data.a = 1
    await session.commit()
    const watch = await sessions.watch(session, () => {})
    await session.renew()
    await gate.arrived
    await watch[Symbol.asyncDispose]()
    gate.open()
    await vi.waitFor(() => expect([...ended]).toEqual(begun))
    expect(begun).toHaveLength(2)
  })
})
