import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test, vi } from 'vitest'
import { rejection } from './caught.ts'
import { createGate } from './gate.ts'
import { useVirtualTime, virtualCaches } from './virtual-caches.ts'

const pass = (span: number) => vi.advanceTimersByTimeAsync(span)
const always = { times: Number.POSITIVE_INFINITY }

/** Fails so often that nothing is asked for a while. */
async function breakStore({ cache, store }: ReturnType<typeof virtualCaches>): Promise<void> {
  store.fail('*', always)
  for (let times = 0; times < 5; times++) await rejection(cache.get('key'))
  store.calls.clear()
}

describe('a cache whose store is down', () => {
  useVirtualTime()

  test('runs the loader once for all callers of the process, and stores nothing', async () => {
    const { cache, store, other } = virtualCaches()
    store.fail('*', always)
    const gate = createGate<string>()
    const calls = Array.from({ length: 50 }, () => cache.getOrSet('key', gate.pass))
    await gate.arrived
    gate.open('loaded')
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['loaded']))
    expect([gate.count, cache.counts.storeErrors, cache.counts.loads]).toEqual([1, 50, 1])
    expect(await other.has('key')).toBe(false)
    expect(await cache.getOrSet('key', () => 'again')).toBe('again')
  })

  test('gives the error of the loader to all callers, and calls it again after its back-off', async () => {
    const { cache, store } = virtualCaches({ backoff: 200 })
    store.fail('*', always)
    const boom = new Error('boom')
    const load = vi.fn<() => Promise<never>>(() => Promise.reject(boom))
    const calls = Array.from({ length: 50 }, () => rejection(cache.getOrSet('key', load)))
    expect(new Set(await Promise.all(calls))).toEqual(new Set([boom]))
    expect(await rejection(cache.getOrSet('key', load))).toBe(boom)
    expect(load).toHaveBeenCalledTimes(1)
    await pass(200)
    expect(await cache.getOrSet('key', () => 'loaded')).toBe('loaded')
  })

  test('rejects whatever has no loader', async () => {
    const { cache, store } = virtualCaches()
    store.fail('*', always)
    const calls: (() => Promise<unknown>)[] = [
      () => cache.get('key'),
      () => cache.has('key'),
      () => cache.getMany(['key']),
      () => cache.set('key', 1),
      () => cache.delete('key'),
      () => cache.invalidateTag('tag'),
      () => cache.clear(),
    ]
    for (const call of calls)
      expect(await rejection(call())).toMatchObject({ name: 'TransientError', code: 'unavailable' })
  })

  test('waits for it no longer than its deadline', async () => {
    const { cache, store } = virtualCaches({ deadline: 100 })
    const held = store.hold('getMany', always)
    const slow = cache.getOrSet('key', () => 'loaded')
    const error = rejection(cache.get('key'))
    await held.arrived
    await pass(150)
    expect(await slow).toBe('loaded')
    expect(await error).toMatchObject({ code: 'timeout' })
    held.release()
  })

  test('hands out what was loaded where the store fails only then', async () => {
    for (const at of ['before', 'after'] as const) {
      const { cache, store } = virtualCaches()
      const gate = createGate<string>()
      const calls = [cache.getOrSet('key', gate.pass), cache.getOrSet('key', gate.pass)]
      await gate.arrived
      store.fail('*', { ...always, at })
      gate.open('loaded')
      expect(await Promise.all(calls)).toEqual(['loaded', 'loaded'])
      expect(gate.count).toBe(1)
    }
  })

  test('loads all the same where the store takes no lease', async () => {
    const { cache, store } = virtualCaches()
    store.fail('compareAndSet', always)
    const load = vi.fn<() => string>(() => 'loaded')
    expect(await Promise.all([cache.getOrSet('key', load), cache.getOrSet('key', load)])).toEqual(['loaded', 'loaded'])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('refuses what could not be stored as it does when the store is there', async () => {
    const { cache, store } = virtualCaches()
    store.fail('*', always)
    expect(await rejection(cache.getOrSet('key', () => 1n))).toMatchObject({ code: 'invalid-argument' })
  })

  test('does not ask after five failures in a row, then one call asks for all, twice as late each time', async () => {
    const shop = virtualCaches()
    const { cache, store } = shop
    await breakStore(shop)
    const refused = await rejection(cache.get('key'))
    expect(refused).toMatchObject({ code: 'unavailable', cause: { code: 'unavailable' } })
    expect(await cache.getOrSet('key', () => 'loaded')).toBe('loaded')
    await pass(499)
    await rejection(cache.get('key'))
    expect(store.calls.count()).toBe(0)

    await pass(1)
    store.recover()
    const held = store.hold('getMany')
    store.fail('getMany')
    const trial = rejection(cache.get('a'))
    await held.arrived
    expect(await rejection(cache.set('b', 1))).toMatchObject({ code: 'unavailable' })
    expect(store.calls.count()).toBe(1)
    held.release()
    await trial

    await pass(999)
    expect(await rejection(cache.get('key'))).toMatchObject({ code: 'unavailable' })
    expect(store.calls.count()).toBe(1)
    await pass(1)
    expect(await cache.get('key')).toBeUndefined()
    expect(await cache.getOrSet('key', () => 'stored')).toBe('stored')
    expect(await cache.get('key')).toBe('stored')
    // As patient as at first.
    await breakStore(shop)
    store.recover()
    await pass(500)
    expect(await cache.get('key')).toBe('stored')
  })

  test('asks on after four failures, and after faults of single calls', async () => {
    const { cache, store } = virtualCaches()
    for (let round = 0; round < 3; round++) {
      store.fail('getMany', { times: 4 })
      for (let times = 0; times < 4; times++) await rejection(cache.get('key'))
      expect(await cache.get('key')).toBeUndefined()
    }
    store.fail('getMany', { times: 20, code: 'too-large' })
    for (let times = 0; times < 20; times++) await rejection(cache.get('key'))
    expect(await cache.get('key')).toBeUndefined()
  })

  test('tells of every failure on node:diagnostics_channel, and of no key', async () => {
    const events: unknown[] = []
    const listen = (event: unknown) => void events.push(event)
    subscribe('transient:cache:store-error', listen)
    try {
      const { cache, store } = virtualCaches({ prefix: 'shop:' })
      store.fail('getMany')
      await cache.getOrSet('secret key', () => 1)
      expect(events).toEqual([{ prefix: 'shop:', error: expect.objectContaining({ code: 'unavailable' }) as unknown }])
    } finally {
      unsubscribe('transient:cache:store-error', listen)
    }
  })
})
