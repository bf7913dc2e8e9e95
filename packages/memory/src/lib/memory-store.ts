import {
  type Counter,
  checkCompareAndSet,
  checkDelta,
  checkEntries,
  checkKey,
  checkKeys,
  checkListener,
  checkTtl,
  checkValue,
  type InspectableStore,
  type Milliseconds,
  TransientError,
  type TransientErrorCode,
  type WatchableStore,
} from '@transient/core/store'
import { type BoundedEntries, createBoundedEntries } from './bounded-entries.ts'
import { readCounter, writeCounter } from './counter.ts'
import { checkOptions, type MemoryStoreOptions } from './memory-options.ts'
import { sameBytes } from './same-bytes.ts'
import { createStoreClock } from './store-clock.ts'
import { createWatchers } from './watchers.ts'

/** What a memory store holds, counted as its limits are. Expired entries count until they are met or pushed out. */
export interface MemoryUsage {
  readonly entries: number
  readonly bytes: number
}

/** A store in the memory of this process. */
export interface MemoryStore extends InspectableStore, WatchableStore {
  readonly atomicity: 'process'
  /** How full the store is; nothing after `close()`. */
  usage(): MemoryUsage
}

// Keys of a scan that are handed out at a time.
const batchSize = 500

/**
 * Keeps entries in the memory of this process, with a limit on their number and on their bytes. Over a limit, the entries
 * that were not used for the longest time go first.
 *
 * Every verb does its work before it returns its promise, so each is atomic among the callers in this process. `get`
 * hands out the stored bytes without copying: they are for reading, and never change, since a write replaces them.
 * No timer sweeps: an expired entry is absent at once, and its memory is free when it is next met or pushed out.
 *
 * Errors: `too-large` for a value over `maxValueBytes`, `not-a-counter` and `overflow` of `increment`, `closed`. Throws a
 * `RangeError` or `TypeError` for options that make no sense.
 *
 * @example
 * const store = createMemoryStore({ maxEntries: 50_000, maxBytes: 32 * 1024 * 1024 })
 * await store.set('greeting', new TextEncoder().encode('hello'), 60_000)
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { now, ...limits } = checkOptions(options)
  const watchers = createWatchers()
  const evicted: string[] = []
  let open: BoundedEntries | undefined = createBoundedEntries(limits, createStoreClock(now), (key) => {
    if (watchers.any()) evicted.push(key)
  })

  const use = (operation: string, key?: string, applied?: 'no'): BoundedEntries => {
    if (open === undefined) throw new TransientError('closed', { operation, key, applied })
    return open
  }

  const refuse = (code: TransientErrorCode, operation: string, key: string, message?: string): TransientError =>
    new TransientError(code, { operation, key, applied: 'no', message })

  const checkFit = (entries: BoundedEntries, operation: string, key: string, value: Uint8Array): void => {
    if (!entries.fits(key, value))
      throw refuse('too-large', operation, key, `a value of ${value.length} bytes is larger than the store allows`)
  }

  const report = (key: string): void => {
    if (watchers.any()) watchers.changed([key, ...evicted.splice(0)])
  }

  const store: MemoryStore = {
    atomicity: 'process',

    async get(key, options) {
      // A key that is held was checked when it came; checking it again would cost a tenth of the read.
      const held = options === undefined ? open?.get(key) : undefined
      if (held !== undefined) return held
      checkKey(key)
      const touch = options?.touch
      if (touch !== undefined) checkTtl(touch, 'touch')
      const entries = use('get', key)
      const value = entries.get(key)
      if (touch !== undefined && value !== undefined) {
        entries.set(key, value, touch)
        report(key)
      }
      return value
    },

    async getMany(keys) {
      checkKeys(keys)
      const entries = use('getMany')
      return keys.map((key) => entries.get(key))
    },

    async set(key, value, ttl) {
      checkKey(key)
      checkValue(value)
      checkTtl(ttl)
      const entries = use('set', key, 'no')
      checkFit(entries, 'set', key, value)
      entries.set(key, new Uint8Array(value), ttl)
      report(key)
    },

    async setMany(list) {
      checkEntries(list)
      const entries = use('setMany', undefined, 'no')
      for (const { key, value } of list) checkFit(entries, 'setMany', key, value)
      // Copied first: a value that cannot be (its buffer was transferred) must not leave half of them stored.
      const copies = list.map(({ value }) => new Uint8Array(value))
      list.forEach(({ key, ttl }, index) => entries.set(key, copies[index] as Uint8Array, ttl))
      if (watchers.any()) watchers.changed([...list.map(({ key }) => key), ...evicted.splice(0)])
    },

    async delete(keys) {
      if (typeof keys === 'string') checkKey(keys)
      else checkKeys(keys)
      const list = typeof keys === 'string' ? [keys] : keys
      const entries = use('delete', typeof keys === 'string' ? keys : undefined, 'no')
      const deleted = list.filter((key) => entries.delete(key))
      if (deleted.length > 0 && watchers.any()) watchers.changed(deleted)
      return deleted.length
    },

    async touch(key, ttl) {
      checkKey(key)
      checkTtl(ttl)
      const entries = use('touch', key, 'no')
      const value = entries.get(key)
      if (value === undefined) return false
      entries.set(key, value, ttl)
      report(key)
      return true
    },

    async ttl(keys) {
      checkKeys(keys)
      const entries = use('ttl')
      return keys.map((key) => entries.ttl(key))
    },

    async take(key) {
      checkKey(key)
      const entries = use('take', key, 'no')
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      report(key)
      return value
    },

    async compareAndSet(
      key: string,
      expected: Uint8Array | null,
      next: Uint8Array | null,
      ttl?: Milliseconds | 'keep',
      options?: { stamp?: number },
    ) {
      checkCompareAndSet(key, expected, next, ttl, options)
      const entries = use('compareAndSet', key, 'no')
      if (next !== null) checkFit(entries, 'compareAndSet', key, next)
      const current = entries.get(key)
      const unchanged =
        expected === null || current === undefined
          ? expected === null && current === undefined
          : sameBytes(current, expected, options?.stamp)
      if (!unchanged) return false
      if (next === null) entries.delete(key)
      else entries.set(key, new Uint8Array(next), ttl as Milliseconds | 'keep')
      report(key)
      return true
    },

    async increment(key, delta, ttl): Promise<Counter> {
      checkKey(key)
      checkDelta(delta)
      checkTtl(ttl)
      const entries = use('increment', key, 'no')
      // One reading of the clock decides whether the counter is there, what it counts and what is left of it.
      const left = entries.ttl(key)
      const old = left === undefined ? 0 : readCounter(entries.peek(key) as Uint8Array)
      if (old === undefined) throw refuse('not-a-counter', 'increment', key)
      const value = old + delta
      if (!Number.isSafeInteger(value)) throw refuse('overflow', 'increment', key)
      const bytes = writeCounter(value)
      checkFit(entries, 'increment', key, bytes)
      entries.set(key, bytes, left === undefined ? ttl : 'keep')
      report(key)
      return { value, ttl: left ?? ttl }
    },

    async *scan(prefix) {
      checkKey(prefix)
      // A list made beforehand, because the cache's own order changes with every read, and a walk along it would miss keys.
      const keys = use('scan')
        .keys()
        .filter((key) => key.startsWith(prefix))
      for (let from = 0; from < keys.length; from += batchSize) {
        const entries = use('scan')
        const batch = keys.slice(from, from + batchSize).filter((key) => entries.has(key))
        if (batch.length > 0) yield batch
      }
    },

    async flush() {
      use('flush', undefined, 'no').clear()
      watchers.gap()
    },

    async watch(prefix, listener) {
      checkKey(prefix)
      checkListener(listener)
      use('watch')
      return watchers.add(prefix, listener)
    },

    usage: () => open?.usage() ?? { entries: 0, bytes: 0 },

    async close() {
      open = undefined
      watchers.clear()
    },

    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}
