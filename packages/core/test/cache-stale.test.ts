import { describe, expect, test, vi } from 'vitest'
import { rejection } from './caught.ts'
import { createGate } from './gate.ts'
import { useVirtualTime, virtualCaches } from './virtual-caches.ts'

const pass = (span: number) => vi.advanceTimersByTimeAsync(span)

describe('a stale value', () => {
  useVirtualTime()

  test('is handed out at once while one of all processes loads a new one', async () => {
    const { cache, other } = virtualCaches({ grace: 5000 })
    await cache.set('key', 'old')
    await pass(1000)
    const gate = createGate<string>()
    const calls = Array.from({ length: 20 }, (_, at) => (at % 2 ? cache : other).getOrSet('key', gate.pass))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['old']))
    await gate.arrived
    expect(await other.getOrSet('key', gate.pass)).toBe('old')
    expect(gate.count).toBe(1)
    expect(cache.counts.staleHits + other.counts.staleHits).toBe(21)
    gate.open('new')
    await pass(0)
    expect([await cache.get('key'), await other.getOrSet('key', gate.pass)]).toEqual(['new', 'new'])
    expect(gate.count).toBe(1)
  })

  test('is no hit for those who do not load, and is gone when its grace is over', async () => {
    const { cache, memory } = virtualCaches({ grace: 5000 })
    await cache.set('key', 'old')
    await pass(999)
    expect(await cache.get('key')).toBe('old')
    await pass(1)
    expect([await cache.get('key'), await cache.has('key')]).toEqual([undefined, false])
    await pass(4999)
    const never = new Promise<string>(() => {})
    expect(await cache.getOrSet('key', () => never)).toBe('old')
    await pass(1)
    expect(await memory.get('cache:v:key')).toBeUndefined()
  })

  test('is what the loader is given', async () => {
    const { cache } = virtualCaches({ grace: 5000 })
    const seen: unknown[] = []
    const load = ({ stale }: { stale: unknown }) => {
      seen.push(stale)
      return seen.length
    }
    await cache.getOrSet('key', load)
    await pass(1000)
    await cache.getOrSet('key', load)
    await pass(0)
    expect(seen).toEqual([undefined, 1])
  })

  test('is waited with for as long as softTimeout says', async () => {
    const { cache, other } = virtualCaches({ grace: 60_000, softTimeout: 100 })
    await cache.set('key', 'old')
    await pass(1000)
    const slow = createGate<string>()
    const late = cache.getOrSet('key', slow.pass)
    const joined = cache.getOrSet('key', slow.pass)
    await slow.arrived
    await pass(99)
    const settled = vi.fn<() => void>()
    void late.then(settled)
    await pass(0)
    expect(settled).not.toHaveBeenCalled()
    await pass(1)
    expect([await late, await joined]).toEqual(['old', 'old'])
    slow.open('new')
    await pass(0)
    expect(await cache.get('key')).toBe('new')

    await pass(1000)
    const quick = createGate<string>()
    const inTime = [cache, cache, other].map((one) => one.getOrSet('key', quick.pass))
    await quick.arrived
    await pass(50)
    quick.open('newer')
    // The other process has no load to wait for.
    expect(await Promise.all(inTime)).toEqual(['newer', 'newer', 'new'])
    expect(quick.count).toBe(1)
  })

  test('answers in place of an error of the loader, which is told of and not called again before its back-off is over', async () => {
    const { cache, other } = virtualCaches({ grace: 60_000, backoff: 200, softTimeout: 50 })
    await cache.set('key', 'old')
    await pass(1000)
    const load = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('boom')))
    expect(await cache.getOrSet('key', load)).toBe('old')
    expect([await cache.getOrSet('key', load), await other.getOrSet('key', load)]).toEqual(['old', 'old'])
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.counts).toMatchObject({ loadErrors: 1, loads: 1, staleHits: 2 })
    await pass(199)
    await cache.getOrSet('key', load)
    expect(load).toHaveBeenCalledTimes(1)
    await pass(1)
    await cache.getOrSet('key', load)
    expect(load).toHaveBeenCalledTimes(2)
    // Twice as long after the second.
    await pass(399)
    await cache.getOrSet('key', load)
    expect(load).toHaveBeenCalledTimes(2)
    await pass(1)
    expect(await cache.getOrSet('key', () => 'new')).toBe('new')
  })

  test('is not loaded a second time by who saw it stale before another had loaded it', async () => {
    const { cache, other, store } = virtualCaches({ grace: 60_000 })
    await cache.set('key', 'old')
    await pass(1000)
    const held = store.hold('compareAndSet', { key: 'cache:l:key' })
    const load = vi.fn<() => string>(() => 'a second time')
    expect(await cache.getOrSet('key', load)).toBe('old')
    await held.arrived
    await other.getOrSet('key', () => 'new')
    await pass(0)
    expect(await other.get('key')).toBe('new')
    held.release()
    await pass(0)
    expect(load).not.toHaveBeenCalled()
    expect(await cache.get('key')).toBe('new')
  })

  test('that is deleted, tagged out or cleared while it is loaded anew stays away', async () => {
    const ways: ((from: ReturnType<typeof virtualCaches>['cache']) => Promise<unknown>)[] = [
      (from) => from.delete('key'),
      (from) => from.invalidateTag('tag'),
      (from) => from.clear(),
      (from) => from.set('key', 'set'),
    ]
    for (const way of ways) {
      const { cache, other } = virtualCaches({ grace: 60_000, tags: ['tag'] } as object)
      await cache.set('key', 'old', { tags: ['tag'] })
      await pass(1000)
      const gate = createGate<string>()
      expect(await cache.getOrSet('key', gate.pass, { tags: ['tag'] })).toBe('old')
      await gate.arrived
      await way(other)
      gate.open('loaded too early')
      await pass(0)
      const expected = way === ways[3] ? 'set' : 'new'
      expect(await cache.getOrSet('key', () => 'new', { tags: ['tag'] })).toBe(expected)
    }
  })
})

describe('a value with little time left', () => {
  useVirtualTime()

  test.each([undefined, {}])('is loaded anew behind the back of its callers, with near %j', async (near) => {
    const { cache } = virtualCaches({ earlyRefresh: 0.8, near })
    await pass(0)
    await cache.set('key', 'old')
    await cache.get('key')
    const gate = createGate<string>()
    await pass(799)
    expect(await cache.getOrSet('key', gate.pass)).toBe('old')
    await pass(0)
    expect(gate.count).toBe(0)
    await pass(1)
    expect([await cache.getOrSet('key', gate.pass), await cache.getOrSet('key', gate.pass)]).toEqual(['old', 'old'])
    await gate.arrived
    gate.open('new')
    await pass(300)
    expect(await cache.getOrSet('key', gate.pass)).toBe('new')
    expect([gate.count, cache.counts.staleHits, cache.counts.misses]).toEqual([1, 0, 0])
  })
})

describe('how long a value is fresh', () => {
  useVirtualTime()

  test('is another time where there is nothing, and what the loader says before all', async () => {
    const { cache, memory } = virtualCaches({ ttl: 60_000, negativeTtl: 50 })
    await cache.getOrSet('null', () => null)
    await cache.getOrSet('undefined', () => undefined)
    await cache.getOrSet('zero', () => 0)
    await cache.getOrSet('own', ({ setTtl }) => {
      setTtl('2s')
      return null
    })
    await cache.set('set', null)
    const keys = ['null', 'undefined', 'zero', 'own', 'set'].map((key) => `cache:v:${key}`)
    expect(await memory.ttl(keys)).toEqual([50, 50, 60_000, 2000, 50])
  })

  test('is shortened by a random part of up to jitter, and never below a millisecond', async () => {
    const { cache, memory } = virtualCaches({ ttl: 10_000, jitter: 0.2 })
    const keys = Array.from({ length: 300 }, (_, at) => `${at}`)
    await cache.setMany(keys.map((key) => [key, 1] as const))
    const ttls = (await memory.ttl(keys.map((key) => `cache:v:${key}`))) as number[]
    expect(Math.min(...ttls)).toBeGreaterThanOrEqual(8000)
    expect(Math.min(...ttls)).toBeLessThan(8500)
    expect(Math.max(...ttls)).toBeGreaterThan(9500)
    expect(Math.max(...ttls)).toBeLessThanOrEqual(10_000)
    for (const key of keys) await cache.set(key, 1, { ttl: 1, jitter: 1 })
    expect(new Set(await memory.ttl(keys.map((key) => `cache:v:${key}`)))).toEqual(new Set([1]))
  })

  test('may be for ever, or longer than anybody counts', async () => {
    const { cache, memory } = virtualCaches({ jitter: 0 })
    await cache.set('a', 1, { ttl: Number.POSITIVE_INFINITY })
    await cache.set('b', 1, { ttl: Number.MAX_SAFE_INTEGER, grace: Number.MAX_SAFE_INTEGER })
    await pass(1e10)
    expect([await cache.get('a'), await cache.get('b')]).toEqual([1, 1])
    expect(await memory.ttl(['cache:v:a', 'cache:v:b'])).toEqual([Infinity, Infinity])
  })
})

describe('a caller that waits for a first value', () => {
  useVirtualTime()

  test('waits for as long as hardTimeout says, and the load goes on for those who come later', async () => {
    const { cache } = virtualCaches({ hardTimeout: 100 })
    const gate = createGate<string>()
    const error = rejection(cache.getOrSet('key', gate.pass))
    const patient = cache.getOrSet('key', gate.pass, { hardTimeout: 500 })
    await gate.arrived
    await pass(100)
    expect(await error).toMatchObject({ code: 'timeout', operation: 'cache.getOrSet' })
    gate.open('loaded')
    expect(await patient).toBe('loaded')
    expect([await cache.get('key'), gate.count]).toEqual(['loaded', 1])
  })
})
