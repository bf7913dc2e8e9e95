import {
  type CompareAndSetOptions,
  checkCompareAndSet,
  checkDelta,
  checkEntries,
  checkKey,
  checkKeys,
  checkListener,
  checkTtl,
  checkValue,
  type InspectableStore,
  type StoreChange,
  TransientError,
  type TransientErrorCode,
  type WatchableStore,
} from '@transient/core/store'

export interface ReferenceEntry {
  value: Uint8Array
  end: number
}

/** What a storage holds, in the open: broken stores are made by getting at it. */
export interface ReferenceData {
  now: number
  out: boolean
  readonly entries: Map<string, ReferenceEntry>
  readonly watches: Set<{ prefix: string; listener: (change: StoreChange) => void }>
}

export type ReferenceStore = InspectableStore & WatchableStore

export const referenceLimit = 200_000

export function createReferenceData(): ReferenceData {
  return { now: 1000, out: false, entries: new Map(), watches: new Set() }
}

/** The shortest honest store: a Map. Any number of stores can share the data, as clients do. */
export function createReferenceStore(data: ReferenceData): ReferenceStore {
  let closed = false
  const { entries } = data

  function enter(operation: string, key: string | undefined, applied?: 'no', io = true): void {
    const reject = (code: TransientErrorCode) => {
      throw new TransientError(code, { operation, key, applied })
    }
    if (closed) reject('closed')
    if (io && data.out) reject('unavailable')
  }
  function live(key: string): ReferenceEntry | undefined {
    const entry = entries.get(key)
    if (entry === undefined || entry.end >= data.now) return entry
    entries.delete(key)
    return undefined
  }
  function report(keys: readonly string[]): void {
    for (const { prefix, listener } of data.watches) {
      const own = keys.filter((key) => key.startsWith(prefix))
      if (own.length === 0) continue
      try {
        listener({ type: 'changed', keys: own })
      } catch {
        // The contract: a listener that throws disturbs nobody.
      }
    }
  }
  function checkSize(operation: string, key: string, value: Uint8Array): void {
    if (value.length > referenceLimit) throw new TransientError('too-large', { operation, key, applied: 'no' })
  }
  function put(key: string, value: Uint8Array, end: number): void {
    entries.set(key, { value: value.slice(), end })
    report([key])
  }

  const store: ReferenceStore = {
    atomicity: 'shared',
    async get(key, options) {
      checkKey(key)
      if (options?.touch !== undefined) checkTtl(options.touch, 'touch')
      enter('get', key)
      const entry = live(key)
      if (entry === undefined || options?.touch === undefined) return entry?.value
      entry.end = data.now + options.touch
      report([key])
      return entry.value
    },
    async getMany(keys) {
      checkKeys(keys)
      enter('getMany', undefined, undefined, keys.length > 0)
      return keys.map((key) => live(key)?.value)
    },
    async set(key, value, ttl) {
      checkKey(key)
      checkValue(value)
      checkTtl(ttl)
      enter('set', key, 'no')
      checkSize('set', key, value)
      put(key, value, data.now + ttl)
    },
    async setMany(list) {
      checkEntries(list)
      enter('setMany', undefined, 'no', list.length > 0)
      for (const { key, value } of list) checkSize('setMany', key, value)
      for (const { key, value, ttl } of list) put(key, value, data.now + ttl)
    },
    async delete(keys) {
      if (typeof keys === 'string') checkKey(keys)
      else checkKeys(keys)
      const list = typeof keys === 'string' ? [keys] : keys
      enter('delete', typeof keys === 'string' ? keys : undefined, 'no', list.length > 0)
      report(list)
      return list.filter((key) => live(key) !== undefined && entries.delete(key)).length
    },
    async touch(key, ttl) {
      checkKey(key)
      checkTtl(ttl)
      enter('touch', key, 'no')
      const entry = live(key)
      if (entry === undefined) return false
      entry.end = data.now + ttl
      report([key])
      return true
    },
    async ttl(keys) {
      checkKeys(keys)
      enter('ttl', undefined, undefined, keys.length > 0)
      return keys.map((key) => {
        const entry = live(key)
        return entry && entry.end - data.now
      })
    },
    async take(key) {
      checkKey(key)
      enter('take', key, 'no')
      const entry = live(key)
      entries.delete(key)
      report([key])
      return entry?.value
    },
    async compareAndSet(
      key: string,
      expected: Uint8Array | null,
      next: Uint8Array | null,
      ttl?: number | 'keep',
      options?: CompareAndSetOptions,
    ) {
      checkCompareAndSet(key, expected, next, ttl, options)
      enter('compareAndSet', key, 'no')
      if (next !== null) checkSize('compareAndSet', key, next)
      const entry = live(key)
      if (!matches(entry?.value, expected, options?.stamp)) return false
      if (next === null) {
        entries.delete(key)
        report([key])
      } else put(key, next, typeof ttl === 'number' ? data.now + ttl : (entry as ReferenceEntry).end)
      return true
    },
    async increment(key, delta, ttl) {
      checkKey(key)
      checkDelta(delta)
      checkTtl(ttl)
      enter('increment', key, 'no')
      const entry = live(key)
      const text = entry === undefined ? '0' : Buffer.from(entry.value).toString('latin1')
      const refuse = (code: 'not-a-counter' | 'overflow') => {
        throw new TransientError(code, { operation: 'increment', key, applied: 'no' })
      }
      if (!/^(?:0|-?[1-9][0-9]*)$/.test(text) || text.endsWith('\n') || !Number.isSafeInteger(Number(text)))
        refuse('not-a-counter')
      const value = Number(text) + delta + 0
      if (!Number.isSafeInteger(value)) refuse('overflow')
      const end = entry?.end ?? data.now + ttl
      put(key, Buffer.from(String(value)), end)
      return { value, ttl: end - data.now }
    },
    async *scan(prefix) {
      checkKey(prefix)
      enter('scan', undefined)
      const keys = [...entries.keys()].filter((key) => key.startsWith(prefix))
      for (let from = 0; from < keys.length; from += 100) {
        yield keys.slice(from, from + 100).filter((key) => live(key) !== undefined)
      }
    },
    async flush() {
      enter('flush', undefined, 'no')
      entries.clear()
      for (const { listener } of data.watches) listener({ type: 'gap' })
    },
    async watch(prefix, listener) {
      checkKey(prefix)
      checkListener(listener)
      enter('watch', undefined)
      const watch = { prefix, listener }
      data.watches.add(watch)
      return { [Symbol.asyncDispose]: async () => void data.watches.delete(watch) }
    },
    async close() {
      closed = true
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}

/** Whether a stored value is the expected one; `null` expects none. */
export function matches(stored: Uint8Array | undefined, expected: Uint8Array | null, stamp?: number): boolean {
  if (stored === undefined || expected === null) return stored === undefined && expected === null
  if (stamp === undefined) return Buffer.compare(stored, expected) === 0
  return stored.length >= stamp && Buffer.compare(stored.subarray(0, stamp), expected.subarray(0, stamp)) === 0
}
