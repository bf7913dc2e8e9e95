import { describe, expect, test, vi } from 'vitest'
import { createGate } from './gate.ts'
import { useVirtualTime, virtualCaches } from './virtual-caches.ts'

const pass = (span: number) => vi.advanceTimersByTimeAsync(span)

describe('the right to load', () => {
  useVirtualTime()

  test('is kept for as long as the loader works', async () => {
    const { cache, other } = virtualCaches({ lease: 2000 })
    const gate = createGate<string>()
    const slow = cache.getOrSet('key', gate.pass)
    await gate.arrived
    const load = vi.fn<() => string>(() => 'from the other')
    const waits = other.getOrSet('key', load)
    await pass(60_000)
    expect(load).not.toHaveBeenCalled()
    gate.open('loaded')
    expect(await slow).toBe('loaded')
    await pass(300)
    expect(await waits).toBe('loaded')
    expect([other.counts.waits, other.counts.loads]).toEqual([1, 0])
  })

  test('goes to another when the lease of a dead holder ends, and what the dead one brings is not stored', async () => {
    const { cache, other, store } = virtualCaches({ lease: 2000 })
    const gate = createGate<string>()
    const dead = cache.getOrSet('key', gate.pass)
    await gate.arrived
    store.fail('*', { times: Number.POSITIVE_INFINITY })
    const load = vi.fn<() => string>(() => 'from the other')
    const waits = other.getOrSet('key', load)
    await pass(1999)
    expect(load).not.toHaveBeenCalled()
    await pass(251)
    expect(await waits).toBe('from the other')
    store.recover()
    gate.open('from the dead')
    expect(await dead).toBe('from the dead')
    expect(await other.get('key')).toBe('from the other')
  })

  test('of a dead holder holds up nobody where there is a stale value, and ends, too', async () => {
    const { cache, other, store } = virtualCaches({ lease: 2000, grace: 60_000 })
    await cache.set('key', 'old')
    await pass(1000)
    const gate = createGate<string>()
    await cache.getOrSet('key', gate.pass)
    await gate.arrived
    store.fail('*', { times: Number.POSITIVE_INFINITY })
    const load = vi.fn<() => string>(() => 'new')
    expect(await other.getOrSet('key', load)).toBe('old')
    await pass(1999)
    expect([await other.getOrSet('key', load), load.mock.calls.length]).toEqual(['old', 0])
    await pass(1)
    await other.getOrSet('key', load)
    await pass(0)
    expect([await other.get('key'), load.mock.calls.length]).toEqual(['new', 1])
  })

  test('is kept beside a stale value for as long as the loader works', async () => {
    const { cache, other } = virtualCaches({ lease: 2000, grace: 600_000 })
    await cache.set('key', 'old')
    await pass(1000)
    const gate = createGate<string>()
    await cache.getOrSet('key', gate.pass)
    await gate.arrived
    await pass(60_000)
    const load = vi.fn<() => string>(() => 'from the other')
    expect(await other.getOrSet('key', load)).toBe('old')
    await pass(0)
    expect(load).not.toHaveBeenCalled()
    gate.open('new')
    await pass(0)
    expect(await other.get('key')).toBe('new')
  })

  test('is given back by a loader that fails, that wants nothing stored, or whose value cannot be encoded', async () => {
    const { cache, other, memory } = virtualCaches({ lease: '1h', maxValueBytes: 10 })
    const boom = new Error('boom')
    await expect(cache.getOrSet('a', () => Promise.reject(boom))).rejects.toBe(boom)
    await cache.getOrSet('b', ({ skip }) => {
      skip()
      return 'skipped'
    })
    await expect(cache.getOrSet('c', () => 1n)).rejects.toMatchObject({ code: 'invalid-argument' })
    await cache.getOrSet('d', () => 'a text that is too long')
    expect(await memory.getMany(['a', 'b', 'c', 'd'].map((key) => `cache:v:${key}`))).toEqual(Array(4).fill(undefined))
    for (const key of ['a', 'b', 'c', 'd']) expect(await other.getOrSet(key, () => 1)).toBe(1)
  })

  test('is not looked for any more often than one who waits has to: once in a quarter of a second where the store tells', async () => {
    const { cache, other, otherStore } = virtualCaches()
    const gate = createGate<string>()
    const slow = cache.getOrSet('key', gate.pass)
    await gate.arrived
    const waits = Array.from({ length: 100 }, () => other.getOrSet('key', gate.pass))
    await pass(5000)
    otherStore.calls.clear()
    await pass(10_000)
    expect(otherStore.calls.count('getMany')).toBeLessThan(120)
    gate.open('loaded')
    await slow
    // Told, and not found out.
    await pass(0)
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['loaded']))
  })
})
