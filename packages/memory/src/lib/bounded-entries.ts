import { Buffer } from 'node:buffer'
import type { Milliseconds } from '@transient/core/store'
import { LRUCache } from 'lru-cache'
import type { StoreClock } from './store-clock.ts'

/** How much the entries may take, all together and each. */
export interface EntryLimits {
  readonly maxEntries: number
  readonly maxBytes: number
  readonly maxValueBytes: number
}

/** Values by key within the limits, each with an expiry; an expired entry is absent for all of these. */
export interface BoundedEntries {
  /** Whether there is room for the value, if everything else is pushed out. */
  fits(key: string, value: Uint8Array): boolean
  /** Reading makes an entry the last to be pushed out. */
  get(key: string): Uint8Array | undefined
  /** Keeps the value itself, not a copy. With `'keep'`, an entry that is there keeps its expiry. */
  set(key: string, value: Uint8Array, ttl: Milliseconds | 'keep'): void
  /** Whether it was there. */
  delete(key: string): boolean
  /** What is left of its life: whole milliseconds, rounded up, or `Infinity`. */
  ttl(key: string): Milliseconds | undefined
  /** The value, even if its time has run out since `ttl()` was asked. */
  peek(key: string): Uint8Array | undefined
  has(key: string): boolean
  keys(): string[]
  clear(): void
  usage(): { entries: number; bytes: number }
}

/**
 * What an entry takes besides its bytes: a typed array, its buffer, a slot of the map and of lru-cache's lists. 300 to 330 bytes
 * on V8's books and up to 590 of resident memory, measured with 400,000 entries on Node 20.
 */
export const entryOverhead = 512

// lru-cache lets an entry live through the instant at which its time is over; one that began this much earlier is over then.
// It is below what clocks resolve, and a double still tells it apart after 139 years of milliseconds.
const instant = 2 ** -10

// lru-cache overwrites all the slots it ever used whenever its last entry is deleted: 1 ms after 100,000 entries.
const manySlots = 1000

/** Tells `evicted` of each key that a limit pushed out. */
export function createBoundedEntries(
  limits: EntryLimits,
  clock: StoreClock,
  evicted: (key: string) => void,
): BoundedEntries {
  const { maxEntries, maxBytes, maxValueBytes } = limits
  let cache = create()
  let slots = 0

  function create(): LRUCache<string, Uint8Array> {
    return new LRUCache({
      // No `max`: it would allocate every slot at once, 20 ms for 100,000. set() holds the number of entries.
      maxSize: maxBytes,
      // 0: each reading counts. Any other value goes on with the last one, and forgets it by a timer.
      ttlResolution: 0,
      perf: { now: clock.recent },
      dispose: (_value, key, reason) => {
        if (reason === 'evict') evicted(key)
      },
    })
  }

  const reset = (): void => {
    cache = create()
    slots = 0
  }

  return {
    fits: (key, value) => value.length <= maxValueBytes && entrySize(key, value) <= maxBytes,

    get(key) {
      const value = cache.get(key)
      if (value === undefined && cache.size === 0 && slots > manySlots) reset()
      return value
    },

    set(key, value, ttl) {
      const size = entrySize(key, value)
      const expiry =
        ttl === 'keep'
          ? { size, noUpdateTTL: true }
          : { size, ttl: ttl === Number.POSITIVE_INFINITY ? 0 : ttl, start: clock.exact() - instant }
      cache.set(cache.has(key) ? key : ownKey(key), value, expiry)
      if (cache.size > maxEntries) cache.pop()
      else if (cache.size > slots) slots = cache.size
    },

    delete(key) {
      // lru-cache's delete() also counts an entry that has expired.
      const there = cache.has(key)
      cache.delete(key)
      if (cache.size === 0 && slots > manySlots) reset()
      return there
    },

    ttl(key) {
      // What is left is told exactly, and never more than was given.
      clock.exact()
      const left = cache.getRemainingTTL(key)
      return left > 0 ? Math.ceil(left) : undefined
    },

    peek: (key) => cache.peek(key, { allowStale: true }),
    has: (key) => cache.has(key),
    keys: () => [...cache.keys()],
    clear: reset,
    usage: () => ({ entries: cache.size, bytes: cache.calculatedSize }),
  }
}

// A character takes one byte or two in V8; two is the safe side.
function entrySize(key: string, value: Uint8Array): number {
  return value.length + 2 * key.length + entryOverhead
}

/**
 * The key without what it may have been cut out of: from 13 characters on, V8 keeps a piece of a text as a view that holds the
 * whole text, which could be a thousand times what the limits count.
 */
function ownKey(key: string): string {
  return key.length < 13 ? key : Buffer.from(key).toString()
}
