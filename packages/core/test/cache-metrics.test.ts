import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { cacheMetrics, createCache } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { createGate } from './gate.ts'
import { useVirtualTime, virtualCaches } from './virtual-caches.ts'

/** The samples of an OpenMetrics text, after its form was checked. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n')
  expect(lines.splice(-2)).toEqual(['# EOF', ''])
  const samples = new Map<string, number>()
  let family = ''
  for (const line of lines) {
    const type = /^# TYPE ([a-z_]+) counter$/.exec(line)
    if (type !== null) {
      family = type[1] as string
      continue
    }
    if (line.startsWith('# HELP ')) {
      expect(line).toMatch(new RegExp(`^# HELP ${family} [A-Z][^"\\\\]+\\.$`))
      continue
    }
    const sample = /^([a-z_]+_total)(\{cache="(?:[^"\\\n]|\\["\\n])*"\}) (\d+)$/.exec(line)
    expect(sample?.[1], line).toBe(`${family}_total`)
    samples.set(`${sample?.[1]}${sample?.[2]}`, Number(sample?.[3]))
  }
  return samples
}

describe('the counts of a cache', () => {
  useVirtualTime()

  test('say what it did, each namespace its own', async () => {
    const { cache, other } = virtualCaches({ grace: 60_000, backoff: '1h' })
    const { counts } = cache
    await Promise.resolve()
    const inner = cache.namespace('inner')
    await cache.get('key')
    await cache.getOrSet('key', () => 1)
    await cache.get('key')
    await cache.getOrSet('key', () => 2)
    await inner.getOrSet('key', () => 1)
    await inner.get('key')
    await rejection(cache.getOrSet('failing', () => Promise.reject(new Error('boom'))))
    const gate = createGate<number>()
    const slow = other.getOrSet('waited', gate.pass)
    await gate.arrived
    const waits = cache.getOrSet('waited', gate.pass)
    // So that it has seen the lease.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    gate.open(1)
    await Promise.all([slow, waits])
    expect(cache.counts).toEqual({
      hits: 3,
      staleHits: 0,
      misses: 4,
      loads: 2,
      loadErrors: 1,
      waits: 1,
      evictions: 0,
      storeErrors: 0,
    })
    expect(cache.namespace('inner').counts).toMatchObject({ hits: 1, misses: 1, loads: 1 })
    // What was read before is as it was.
    expect(counts.misses).toBe(0)
  })

  test('are an OpenMetrics text', async () => {
    const cache = createCache(createMemoryStore())
    const inner = cache.namespace('inner')
    await cache.get('key')
    await cache.getOrSet('key', () => 1)
    await inner.getOrSet('key', () => 1)
    await inner.get('key')
    const samples = samplesOf(cacheMetrics({ products: cache, inner }))
    expect(samples.get('transient_cache_misses_total{cache="products"}')).toBe(2)
    expect(samples.get('transient_cache_loads_total{cache="products"}')).toBe(1)
    expect(samples.get('transient_cache_hits_total{cache="inner"}')).toBe(1)
    expect(samples.get('transient_cache_stale_hits_total{cache="inner"}')).toBe(0)
    expect(samples.size).toBe(2 * Object.keys(cache.counts).length)
  })

  test('stay in the form under any name, and without a cache', () => {
    const cache = createCache(createMemoryStore())
    const samples = samplesOf(cacheMetrics({ 'a "name"\\ of\nlines': cache }))
    expect([...samples.keys()][0]).toBe('transient_cache_hits_total{cache="a \\"name\\"\\\\ of\\nlines"}')
    expect(samplesOf(cacheMetrics({})).size).toBe(0)
  })
})

describe('what a cache publishes', () => {
  test('are loads, their errors and what does not fit: the names of namespaces, never a key or a value', async () => {
    const names = ['load', 'load-error', 'misfit'] as const
    const events: [string, unknown][] = []
    const listeners = names.map((name) => (event: unknown) => void events.push([name, event]))
    for (const [at, name] of names.entries()) subscribe(`transient:cache:${name}`, listeners[at] as never)
    try {
      const store = createMemoryStore()
      const cache = createCache(store).namespace('a').namespace('b')
      await cache.getOrSet('secret', () => 'hidden')
      const boom = new Error('boom')
      await rejection(cache.getOrSet('other', () => Promise.reject(boom)))
      const key = 'cache:s:a:s:b:v:secret'
      const stored = (await store.get(key)) as Uint8Array
      await store.set(key, stored.subarray(0, -1), 60_000)
      await cache.get('secret')
      const space = ['a', 'b']
      expect(events).toEqual([
        ['load', { space, duration: expect.any(Number) as number }],
        ['load-error', { space, error: boom }],
        ['misfit', { space, error: expect.objectContaining({ code: 'decode' }) as unknown }],
      ])
    } finally {
      for (const [at, name] of names.entries()) unsubscribe(`transient:cache:${name}`, listeners[at] as never)
    }
  })
})
