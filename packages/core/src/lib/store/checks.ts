import { quoteKey } from './errors.ts'
import type { CompareAndSetOptions, Milliseconds, StoreEntry } from './transient-store.ts'
import { isWellFormed } from './well-formed.ts'

/** Marks an error as the caller's mistake: misuse is a `TypeError` or `RangeError` with `code: 'invalid-argument'`. */
export function misuse<E extends TypeError | RangeError>(error: E): E & { code: 'invalid-argument' } {
  return Object.assign(error, { code: 'invalid-argument' as const })
}

/** Throws a `TypeError` unless the key is a well-formed string (no lone surrogates). The empty string is a key. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') throw misuse(new TypeError(`a key must be a string, not ${describe(key)}`))
  if (!isWellFormed(key)) throw misuse(new TypeError(`the key ${quoteKey(key)} has a lone surrogate`))
}

/** Throws unless `keys` is an array of keys. */
export function checkKeys(keys: unknown): asserts keys is readonly string[] {
  if (!Array.isArray(keys)) throw misuse(new TypeError(`keys must be an array, not ${describe(keys)}`))
  for (const key of keys) checkKey(key)
}

/** Throws a `RangeError` unless the expiry is a positive safe integer of milliseconds, or `Infinity`. */
export function checkTtl(ttl: unknown, name = 'ttl'): asserts ttl is Milliseconds {
  if (ttl === Infinity) return
  if (!Number.isSafeInteger(ttl) || (ttl as number) <= 0) {
    throw misuse(
      new RangeError(`${name} must be a positive whole number of milliseconds or Infinity, not ${describe(ttl)}`),
    )
  }
}

/** Throws a `TypeError` unless the value is a `Uint8Array` (a Buffer is one). */
export function checkValue(value: unknown): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array))
    throw misuse(new TypeError(`a value must be a Uint8Array, not ${describe(value)}`))
}

/** Throws unless all entries have a key, a value and an expiry. */
export function checkEntries(entries: unknown): asserts entries is readonly StoreEntry[] {
  if (!Array.isArray(entries)) throw misuse(new TypeError(`entries must be an array, not ${describe(entries)}`))
  for (const entry of entries as Partial<StoreEntry>[]) {
    if (typeof entry !== 'object' || entry === null)
      throw misuse(new TypeError(`an entry must be an object, not ${describe(entry)}`))
    checkKey(entry.key)
    checkValue(entry.value)
    checkTtl(entry.ttl)
  }
}

/** Throws a `RangeError` unless the step of a counter is a safe integer. */
export function checkDelta(delta: unknown): asserts delta is number {
  if (!Number.isSafeInteger(delta)) throw misuse(new RangeError(`delta must be a safe integer, not ${describe(delta)}`))
}

/** Throws unless the arguments are one of the three forms of `compareAndSet`. */
export function checkCompareAndSet(
  key: unknown,
  expected: unknown,
  next: unknown,
  ttl: unknown,
  options: CompareAndSetOptions | undefined,
): void {
  checkKey(key)
  if (expected !== null) checkValue(expected)
  if (next !== null) checkValue(next)
  if (expected === null && next === null)
    throw misuse(new TypeError('compareAndSet needs an expected or a next value, both are null'))
  if (next === null) {
    if (ttl !== undefined) throw misuse(new TypeError('compareAndSet takes no ttl when it deletes'))
  } else if (ttl === 'keep') {
    if (expected === null) throw misuse(new TypeError("compareAndSet cannot 'keep' the ttl of a key it creates"))
  } else checkTtl(ttl)
  const stamp = options?.stamp
  if (stamp === undefined) return
  if (!Number.isSafeInteger(stamp) || stamp <= 0)
    throw misuse(new RangeError(`stamp must be a positive whole number of bytes, not ${describe(stamp)}`))
  for (const value of [expected, next] as (Uint8Array | null)[])
    if (value !== null && value.length < stamp)
      throw misuse(new RangeError(`a value of ${value.length} bytes is shorter than its stamp of ${stamp}`))
}

/** Throws a `TypeError` unless the listener is a function. */
export function checkListener(listener: unknown): void {
  if (typeof listener !== 'function')
    throw misuse(new TypeError(`a listener must be a function, not ${describe(listener)}`))
}

function describe(value: unknown): string {
  if (typeof value === 'string') return quoteKey(value)
  if (Object(value) !== value) return String(value)
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}
