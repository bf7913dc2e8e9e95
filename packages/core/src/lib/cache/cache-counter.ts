import type { CacheCounts } from './cache.ts'

/** The counts of one namespace, as they are added to. */
export type CacheCounter = { -readonly [Name in keyof CacheCounts]: number }

export function createCacheCounter(): CacheCounter {
  return {
    hits: 0,
    staleHits: 0,
    misses: 0,
    loads: 0,
    loadErrors: 0,
    waits: 0,
    evictions: 0,
    storeErrors: 0,
  }
}
