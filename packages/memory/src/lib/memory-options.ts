import { type Milliseconds, misuse } from '@transient/core/store'
import { type EntryLimits, entryOverhead } from './bounded-entries.ts'

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Entries at most; 1 to 8,388,608 (a JavaScript `Map` of more fails when entries come and go). Default: 100,000. */
  readonly maxEntries?: number
  /**
   * Bytes at most: those of the values, two for each UTF-16 unit of the keys, and 512 for each entry. Default: 64 MiB, which
   * is about as many sessions of 100 bytes as the default `maxEntries`.
   */
  readonly maxBytes?: number
  /** Bytes of one value at most; more rejects with `too-large`. Default: what fits into `maxBytes` by itself. */
  readonly maxValueBytes?: number
  /**
   * The clock of all expiries, in milliseconds from any beginning; fractions are fine. A clock that is set back stands still
   * for that step; one that is set forward lets entries expire early. Default: `performance.now`, which nobody can set; reads within
   * one turn of the event loop, or within about a millisecond, share a reading of it.
   */
  readonly now?: () => Milliseconds
}

/**
 * The options with their defaults. Throws a `RangeError` unless the limits are whole numbers that leave room for an entry,
 * and a `TypeError` unless the clock is a function.
 */
export function checkOptions(
  options: MemoryStoreOptions,
): EntryLimits & { readonly now: (() => Milliseconds) | undefined } {
  const { maxEntries = 100_000, maxBytes = 64 * 1024 * 1024, now } = options
  checkLimit('maxEntries', maxEntries, 1, 2 ** 23)
  checkLimit('maxBytes', maxBytes, entryOverhead + 1, Number.MAX_SAFE_INTEGER)
  const room = maxBytes - entryOverhead
  const { maxValueBytes = room } = options
  checkLimit('maxValueBytes', maxValueBytes, 1, room)
  if (now !== undefined && typeof now !== 'function')
    throw misuse(new TypeError(`now must be a function, not ${typeof now}`))
  return { maxEntries, maxBytes, maxValueBytes, now }
}

function checkLimit(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  throw misuse(new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`))
}
