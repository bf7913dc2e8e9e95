import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  createCache,
  type StoreChange,
  TransientError,
  type TransientStore,
  type WatchableStore,
} from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, test, vi } from 'vitest'
import { caught } from './caught.ts'
import { countRoundTrips } from './round-trips.ts'
import { useVirtualTime, virtualCaches } from './virtual-caches.ts'

const pass = (span: number) => vi.advanceTimersByTimeAsync(span)

/** A cache with near values beside one without, in another process; ready to keep. */
async function nearCaches(options: Parameters<typeof virtualCaches>[0] = {}) {
  const caches = virtualCaches({ near: {}, ttl: 60_000, ...options })
  const other = createCache(caches.otherStore, { ttl: 60_000, jitter: 0, now: () => Date.now() })
  await pass(0)
  const { cache, store } = caches
  // So that the tokens of the namespace are there: a new one is news for all that is near.
  await other.setMany(Array.from({ length: 100 }, (_, at) => [`warm ${at}`, at] as const))
  /** How often the store is asked for a key that the near cache may have. */
  const asked = async (key: string, from = cache) => {
    const before = store.calls.count('getMany')
    await from.get(key)
    return store.calls.count('getMany') - before
  }
  store.calls.clear()
  return { ...caches, other, asked }
}

describe('a near cache', () => {
  useVirtualTime()

  test('answers what it has read once without the store, whatever the value is', async () => {
    const { cache, other, store } = await nearCaches()
    const values = [{ a: [1, { b: 2 }] }, null, 0, '', false, undefined]
    for (const [at, value] of values.entries()) {
      await other.set(`${at}`, value)
      await cache.get(`${at}`)
    }
    store.calls.clear()
    for (const [at, value] of values.entries()) {
      expect(await cache.get(`${at}`)).toEqual(value)
      expect(await cache.getOrSet(`${at}`, () => 'loaded')).toEqual(value)
      expect(await cache.has(`${at}`)).toBe(true)
    }
    expect((await cache.getMany(['0', '1'])).get('0')).toEqual(values[0])
    expect([...(await cache.getOrSetMany(['5'], () => new Map()))]).toEqual([['5', undefined]])
    expect(store.calls.count()).toBe(0)
    expect(cache.counts.hits).toBe(6 + 18 + 3)
  })

  test('hands out values that nobody can change, however deep', async () => {
    const { cache, other } = await nearCaches()
    await other.set('key', { list: [{ price: 1 }] })
    for (let times = 0; times < 2; times++) {
      const value = (await cache.get('key')) as { list: { price: number }[] }
      expect(caught(() => (value.list[0] = { price: 2 }))).toBeInstanceOf(TypeError)
      expect(caught(() => ((value.list[0] as { price: number }).price = 2))).toBeInstanceOf(TypeError)
    }
    const nested = JSON.parse(`${'['.repeat(3000)}1${']'.repeat(3000)}`) as unknown
    await other.set('deep', nested)
    expect(await cache.get('deep')).toEqual(nested)
  })

  test('freezes what a schema gives, though its shell is frozen already', async () => {
    const memory = createMemoryStore()
    const validate = () => ({ value: Object.freeze({ inner: { price: 1 } }) })
    const cache = createCache<Record<string, unknown>>(memory, {
      near: {},
      schema: { '~standard': { version: 1, vendor: 'test', validate } },
    })
    await pass(0)
    await createCache(memory).set('key', 1)
    const value = (await cache.get('key')) as { inner: { price: number } }
    expect(caught(() => (value.inner.price = 2))).toBeInstanceOf(TypeError)
  })

  test('forgets what another process changes, tags out or clears, and nothing else', async () => {
    const { cache, other, asked } = await nearCaches()
    const inner = cache.namespace('inner')
    const read = async () => {
      await other.set('a', 1, { tags: ['red'] })
      await other.set('b', 1, { tags: ['blue'] })
      await other.namespace('inner').set('c', 1, { tags: ['red'] })
      // Twice: the first read of a process learns of the tags.
      for (let times = 0; times < 2; times++)
        for (const [key, from] of [
          ['a', cache],
          ['b', cache],
          ['c', inner],
        ] as const)
          await from.get(key)
    }
    const counts = async () => [await asked('a'), await asked('b'), await asked('c', inner)]
    await read()
    expect(await counts()).toEqual([0, 0, 0])
    await other.set('a', 2)
    expect(await counts()).toEqual([1, 0, 0])
    expect(await cache.get('a')).toBe(2)
    await other.delete('b')
    expect(await cache.has('b')).toBe(false)
    await read()
    await other.invalidateTag('red')
    expect(await counts()).toEqual([1, 0, 0])
    expect(await cache.has('a')).toBe(false)
    await read()
    await other.namespace('inner').clear()
    expect(await counts()).toEqual([0, 0, 1])
    await read()
    await other.clear()
    expect(await counts()).toEqual([1, 1, 1])
    expect([await cache.has('a'), await cache.has('b'), await inner.has('c')]).toEqual([false, false, false])
  })

  test('sees its own writes at once, before any report', async () => {
    // A store whose reports never come.
    const memory = createMemoryStore()
    const { store } = countRoundTrips(memory)
    const silent: WatchableStore = { ...store, watch: async () => ({ [Symbol.asyncDispose]: async () => {} }) }
    vi.useRealTimers()
    const cache = createCache(silent, { near: {} })
    await cache.set('key', 1, { tags: ['tag'] })
    expect(await cache.get('key')).toBe(1)
    await cache.set('key', 2, { tags: ['tag'] })
    expect(await cache.get('key')).toBe(2)
    await cache.delete('key')
    expect(await cache.get('key')).toBeUndefined()
    await cache.set('key', 3, { tags: ['tag'] })
    await cache.get('key')
    await cache.invalidateTag('tag')
    expect(await cache.get('key')).toBeUndefined()
    await cache.set('key', 4)
    await cache.get('key')
    await cache.clear()
    expect(await cache.get('key')).toBeUndefined()
    await cache.namespace('inner').set('key', 5)
    await cache.namespace('inner').get('key')
    await cache.clear()
    expect(await cache.namespace('inner').get('key')).toBeUndefined()
  })

  test('drops a read that a change has overtaken, from here or from elsewhere', async () => {
    for (const here of [true, false])
      for (const way of ['set', 'delete', 'tag', 'clear', 'gap']) {
        const { cache, other, store, memory } = await nearCaches()
        await other.set('key', 'old', { tags: ['tag'] })
        // So that the tag is known, and is read along.
        await cache.get('key')
        await memory.touch('cache:v:key', 60_000)
        const held = store.hold('getMany', { at: 'after' })
        const overtaken = cache.get('key')
        await held.arrived
        const from = here ? cache : other
        if (way === 'set') await other.set('key', 'new', { tags: ['tag'] })
        if (way === 'delete') await from.delete('key')
        if (way === 'tag') await from.invalidateTag('tag')
        if (way === 'clear') await from.clear()
        if (way === 'gap') await memory.flush()
        held.release()
        expect(await overtaken).toBe('old')
        expect(await cache.get('key')).toBe(way === 'set' ? 'new' : undefined)
      }
  })

  test('is emptied by a gap', async () => {
    const memory = createMemoryStore()
    let tell: (change: StoreChange) => void = () => {}
    const watched: WatchableStore = {
      ...memory,
      watch: async (_, listener) => {
        tell = listener
        return { [Symbol.asyncDispose]: async () => {} }
      },
    }
    const cache = createCache(watched, { near: {} })
    await cache.set('key', 1)
    await cache.get('key')
    await memory.delete('cache:v:key')
    expect(await cache.get('key')).toBe(1)
    tell({ type: 'gap' })
    expect(await cache.get('key')).toBeUndefined()
  })

  test('keeps at most maxEntries, first those that are asked for', async () => {
    const { cache, other, asked } = await nearCaches({ near: { maxEntries: 10 } })
    for (let at = 0; at < 10; at++) {
      await other.set(`${at}`, at)
      await cache.get(`${at}`)
    }
    expect(await asked('3')).toBe(0)
    for (let at = 10; at < 15; at++) {
      await other.set(`${at}`, at)
      await cache.get(`${at}`)
    }
    expect(cache.counts.evictions).toBe(5)
    expect([await asked('3'), await asked('14'), await asked('0')]).toEqual([0, 0, 1])
  })

  test('keeps at most maxBytes, and not at all what is larger', async () => {
    const { cache, other, asked } = await nearCaches({ near: { maxBytes: 1000 } })
    for (const [key, size] of [
      ['a', 400],
      ['b', 400],
      ['large', 1000],
    ] as const) {
      await other.set(key, 'x'.repeat(size))
      await cache.get(key)
    }
    expect([await asked('a'), await asked('b'), await asked('large'), await asked('large')]).toEqual([0, 0, 1, 1])
    await other.set('c', 'x'.repeat(400))
    await cache.get('c')
    expect(cache.counts.evictions).toBe(1)
    // All three were asked for once now, so they can only have gone in turn.
    const again = [await asked('a'), await asked('b'), await asked('c')]
    expect(again).toContain(1)
    expect(cache.counts.evictions).toBeGreaterThan(1)
  })

  test('keeps a value no longer than it is fresh, and no longer than its own ttl', async () => {
    const { cache, other, asked } = await nearCaches({ near: { ttl: 1000 } })
    await other.set('short', 1, { ttl: 500, grace: 60_000 })
    await other.set('long', 1)
    await cache.getMany(['short', 'long'])
    await pass(499)
    expect([await asked('short'), await asked('long')]).toEqual([0, 0])
    await pass(1)
    expect(await cache.has('short')).toBe(false)
    await pass(499)
    expect(await asked('long')).toBe(0)
    await pass(1)
    expect([await asked('long'), await asked('long')]).toEqual([1, 0])
  })

  test('keeps values for a second where the store refuses to tell of changes, and says so once', async () => {
    const events: unknown[] = []
    const listen = (event: unknown) => void events.push(event)
    subscribe('transient:cache:near', listen)
    try {
      const error = new TransientError('unsupported', { operation: 'watch' })
      const memory = createMemoryStore({ now: () => Date.now() })
      const refusing: WatchableStore = { ...memory, watch: () => Promise.reject(error) }
      const cache = createCache(refusing, { near: {} })
      await pass(0)
      expect(events).toEqual([{ prefix: 'cache:', error, ttl: 1000 }])
      await cache.set('key', 1)
      await cache.get('key')
      await memory.delete('cache:v:key')
      await pass(999)
      expect(await cache.get('key')).toBe(1)
      await pass(1)
      expect(await cache.get('key')).toBeUndefined()
      expect(events).toHaveLength(1)
    } finally {
      unsubscribe('transient:cache:near', listen)
    }
  })

  test('keeps nothing until the store has begun to tell, and tries again when it could not', async () => {
    const caches = virtualCaches({ near: {} })
    const { cache, store } = caches
    store.recover()
    const failing = createCache(store, { near: {}, prefix: 'b:', ttl: 60_000 })
    expect(failing).toBeDefined()
    store.fail('watch', { times: 2 })
    const late = createCache(store, { near: {}, prefix: 'c:', ttl: 60_000, now: () => Date.now() })
    await late.set('key', 1)
    await late.get('key')
    store.calls.clear()
    await late.get('key')
    expect(store.calls.count('getMany')).toBe(1)
    await pass(300)
    await late.get('key')
    store.calls.clear()
    await late.get('key')
    expect(store.calls.count('getMany')).toBe(0)
    await cache.close()
  })

  test('is over when the cache is closed, and needs a store that tells of changes', async () => {
    const { cache, other, asked } = await nearCaches()
    await other.set('key', 1)
    await cache.get('key')
    expect(await asked('key')).toBe(0)
    await cache.close()
    expect([await asked('key'), await asked('key')]).toEqual([1, 1])
    const { watch: _, ...deaf } = createMemoryStore()
    expect(caught(() => createCache(deaf as TransientStore, { near: {} }))).toMatchObject({ code: 'invalid-argument' })
  })
})
