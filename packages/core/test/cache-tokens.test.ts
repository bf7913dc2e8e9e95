import { describe, expect, test, vi } from 'vitest'
import { useVirtualTime, virtualCaches } from './virtual-caches.ts'

const day = 86_400_000

describe('the tokens of a cache', () => {
  useVirtualTime()

  /** What is left of each token's life, in days. */
  async function lives({ memory }: ReturnType<typeof virtualCaches>): Promise<number[]> {
    const found: string[] = []
    for await (const keys of memory.scan('cache:')) found.push(...keys.filter((key) => /^cache:[nat]:/.test(key)))
    return (await memory.ttl(found)).map((left) => (left as number) / day)
  }

  test('outlive what is stored with them, however long that is', async () => {
    const caches = virtualCaches()
    await caches.cache.getOrSet('key', () => 1, { tags: ['tag'], ttl: '1s' })
    expect(await lives(caches)).toEqual([30, 30, 30])
    await caches.cache.getOrSet('other key', () => 1, { tags: ['tag'], ttl: '20d', grace: '20d' })
    expect((await lives(caches)).filter((left) => left === 80).length).toBeGreaterThanOrEqual(2)
    await caches.cache.set('key', 1, { tags: ['tag'], ttl: Number.POSITIVE_INFINITY })
    expect((await lives(caches)).filter((left) => left === Number.POSITIVE_INFINITY).length).toBeGreaterThanOrEqual(2)
    await vi.advanceTimersByTimeAsync(300 * day)
    expect(await caches.other.get('key')).toBe(1)
  })

  test('are prolonged once a day by a process, and not by who has just made them', async () => {
    const { cache, other, store, otherStore } = virtualCaches()
    for (let at = 0; at < 20; at++) await cache.set('key', at, { tags: ['tag'] })
    expect(store.calls.count('touch')).toBe(0)
    for (let at = 0; at < 20; at++) await other.set('key', at, { tags: ['tag'] })
    expect(otherStore.calls.count('touch')).toBe(2)
    await vi.advanceTimersByTimeAsync(day)
    for (let at = 0; at < 20; at++) await cache.set('key', at, { tags: ['tag'] })
    expect(store.calls.count('touch')).toBe(2)
  })

  test('are prolonged at the next chance when the store could not', async () => {
    const { cache, other, otherStore, memory } = virtualCaches()
    await cache.set('key', 1)
    await vi.advanceTimersByTimeAsync(20 * day)
    otherStore.fail('touch', { times: 1 })
    // What was loaded is handed out all the same, and is stored.
    expect(await other.getOrSet('key', () => 2)).toBe(2)
    expect(await cache.get('key')).toBe(2)
    const [token] = otherStore.calls.list('touch').flatMap(({ keys }) => keys)
    expect(await memory.ttl([token as string])).toEqual([10 * day])
    await other.set('key', 3)
    expect(await memory.ttl([token as string])).toEqual([30 * day])
  })
})
