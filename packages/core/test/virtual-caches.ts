import { type CacheOptions, createCache } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { afterEach, beforeEach, vi } from 'vitest'

/** Time stands still in the tests of this file until `vi.advanceTimersByTimeAsync`: for clocks and for timers. */
export function useVirtualTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}

/** Two caches with a store of their own each, over one memory: two processes, as far as they can tell. */
export function virtualCaches(options: CacheOptions<Record<string, unknown>> = {}) {
  const now = () => Date.now()
  const memory = createMemoryStore({ now })
  const store = createFaultyStore(memory)
  const otherStore = createFaultyStore(memory)
  const all = { jitter: 0, ttl: 1000, now, ...options }
  return { memory, store, otherStore, cache: createCache(store, all), other: createCache(otherStore, all) }
}
