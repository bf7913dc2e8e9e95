import { describe, expect, test, vi } from 'vitest'
import { createGate } from './gate.ts'
import { useVirtualTime, virtualCaches } from './virtual-caches.ts'

const pass = (span: number) => vi.advanceTimersByTimeAsync(span)

describe('a tag that a loader adds', () => {
  useVirtualTime()

  test('and that is invalidated while it works, keeps its result from who came after that, stale value or not', async () => {
    for (const isStale of [true, false]) {
      const { cache, other } = virtualCaches({ grace: 60_000 })
      if (isStale) {
        await cache.set('key', 'old')
        await pass(1000)
      }
      const gate = createGate<string>()
      const first = cache.getOrSet(
        'key',
        ({ setTags }) => {
          setTags(['late'])
          return gate.pass()
        },
        { softTimeout: 500 },
      )
      await gate.arrived
      await other.invalidateTag('late')
      const after = cache.getOrSet('key', () => 'new', { softTimeout: 500 })
      await pass(100)
      gate.open('loaded too early')
      await pass(0)
      expect([await first, await after]).toEqual(['loaded too early', isStale ? 'old' : 'new'])
      // Whoever comes next loads at once.
      expect(await other.getOrSet('key', () => 'new', { softTimeout: 500 })).toBe('new')
    }
  })

  test('ends what is stored with it, and another tag does not keep it from being stored', async () => {
    const { cache, other } = virtualCaches()
    const load = ({ setTags }: { setTags: (tags: string[]) => void }) => {
      setTags(['late', 'tag'])
      return 'loaded'
    }
    await cache.getOrSet('key', load, { tags: ['tag'] })
    expect(await other.get('key')).toBe('loaded')
    await other.invalidateTag('other')
    expect(await cache.get('key')).toBe('loaded')
    await other.invalidateTag('late')
    expect(await cache.has('key')).toBe(false)
  })

  test('is refused where it is none', async () => {
    const { cache } = virtualCaches()
    const bad = cache.getOrSet('key', ({ setTags }) => setTags(['']))
    await expect(bad).rejects.toMatchObject({ code: 'invalid-argument' })
    const worse = cache.getOrSet('other', ({ setTtl }) => setTtl(0))
    await expect(worse).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
