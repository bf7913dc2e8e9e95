import type { StoreEntry } from '@transient/core/store'
import { referenceLimit } from '../reference-store.ts'
import { type Mutant, swap } from './mutant.ts'

export const writingMutants: readonly Mutant[] = [
  {
    fault: 'a ttl of 0 is stored for ever',
    caughtBy: 'misuse > an expiry of 0, below 0, NaN, a fraction, text or nothing is a RangeError',
    breaks: (store) => ({
      set: (key, value, ttl) => store.set(key, value, ttl === 0 ? Number.POSITIVE_INFINITY : ttl),
    }),
  },
  {
    fault: 'a ttl in text is taken',
    caughtBy: 'misuse > an expiry of 0, below 0, NaN, a fraction, text or nothing is a RangeError',
    breaks: (store) => ({ touch: (key, ttl) => store.touch(key, typeof ttl === 'string' ? Number(ttl) : ttl) }),
  },
  {
    fault: 'misuse is thrown, not rejected',
    caughtBy: 'misuse > a key that is no well-formed string is a TypeError',
    breaks: (store) => ({
      get(key, options) {
        if (typeof key !== 'string') throw Object.assign(new TypeError('no key'), { code: 'invalid-argument' })
        return store.get(key, options)
      },
    }),
  },
  {
    fault: 'a lone surrogate is replaced',
    caughtBy: 'misuse > a key that is no well-formed string is a TypeError',
    breaks: (store) => ({
      get: (key, options) => store.get(typeof key === 'string' ? Buffer.from(key).toString() : key, options),
    }),
  },
  {
    fault: 'misuse is found only after I/O',
    caughtBy: 'misuse > is told before any I/O: also while the storage is out',
    breaks: (store) => ({
      async touch(key, ttl) {
        await store.get('anything')
        return store.touch(key, ttl)
      },
    }),
  },
  {
    fault: 'the entries before a bad one are stored',
    caughtBy: 'misuse > in one entry keeps all entries from being stored',
    breaks: (store) => ({
      async setMany(entries) {
        if (!Array.isArray(entries) || entries.length === 0) return store.setMany(entries)
        for (const entry of entries as readonly StoreEntry[]) await store.setMany([entry])
      },
    }),
  },
  {
    fault: 'the value is not copied',
    caughtBy: 'aliasing > a value may be changed after set',
    breaks: (store, { entries }) => ({
      async set(key, value, ttl) {
        await store.set(key, value, ttl)
        const entry = entries.get(key)
        if (entry !== undefined) entry.value = value
      },
    }),
  },
  {
    fault: 'the value is copied late',
    caughtBy: 'aliasing > a value may be changed as soon as set was called',
    breaks: (store) => ({
      async set(key, value, ttl) {
        await Promise.resolve()
        return store.set(key, value, ttl)
      },
    }),
  },
  {
    fault: 'a stored value is changed in place',
    caughtBy: 'aliasing > a value that was handed out does not change when the key does',
    breaks: (store, { entries }) => ({
      async set(key, value, ttl) {
        const old = entries.get(key)?.value
        await store.set(key, value, ttl)
        if (old?.length === value.length) old.set(value)
      },
    }),
  },
  {
    fault: 'the whole buffer is stored instead of the part',
    caughtBy: 'binary > a part of a larger buffer is stored as that part',
    breaks: (store) => ({
      set: (key, value, ttl) =>
        store.set(
          key,
          value instanceof Uint8Array && value.buffer.byteLength === 256 ? new Uint8Array(value.buffer) : value,
          ttl,
        ),
    }),
  },
  {
    fault: 'set keeps the old expiry',
    caughtBy: 'set > gives a new expiry when it replaces, longer or shorter',
    breaks: (store, { entries }) => ({
      async set(key, value, ttl) {
        const end = entries.get(key)?.end
        await store.set(key, value, ttl)
        const entry = entries.get(key)
        if (entry !== undefined && end !== undefined) entry.end = end
      },
    }),
  },
  {
    fault: 'setMany keeps the first of a repeated key',
    caughtBy: 'setMany > keeps the last entry of a repeated key',
    breaks: (store) => ({ setMany: (list) => store.setMany([...list].reverse()) }),
  },
  {
    fault: 'setMany gives all the expiry of the first',
    caughtBy: 'setMany > gives each entry its own expiry',
    breaks: (store) => ({
      async setMany(list) {
        await store.setMany(list)
        for (const { key } of list) await store.touch(key, list[0]?.ttl as number)
      },
    }),
  },
  {
    fault: 'delete counts a repeated key twice',
    caughtBy: 'delete > counts a repeated key once',
    breaks: (store) => ({
      async delete(keys) {
        const there = Array.isArray(keys)
          ? (await store.ttl(keys as string[])).filter((left) => left !== undefined)
          : []
        const count = await store.delete(keys)
        return Array.isArray(keys) ? there.length : count
      },
    }),
  },
  {
    fault: 'delete counts what was asked, not what was there',
    caughtBy: 'delete > counts only the keys that were there',
    breaks: (store) => ({
      async delete(keys) {
        await store.delete(keys)
        return typeof keys === 'string' ? 1 : new Set(keys).size
      },
    }),
  },
  {
    fault: 'touch creates',
    caughtBy: 'touch > answers false for an absent key and does not create it',
    breaks: (store) => ({
      touch: async (key, ttl) =>
        (await store.touch(key, ttl)) || (await store.compareAndSet(key, null, new Uint8Array(0), ttl)),
    }),
  },
  {
    fault: 'a touch with the expiry that is there answers false',
    caughtBy: 'touch > takes an expiry of Infinity, also for a key that has it, and away from it again',
    breaks: (store) => ({
      touch: async (key, ttl) => (await store.touch(key, ttl)) && ttl !== Number.POSITIVE_INFINITY,
    }),
  },
  {
    fault: 'take gives the value twice',
    caughtBy: 'races > of 100 concurrent takes exactly one gets the value',
    breaks: (store) => ({
      async take(key) {
        const value = await store.get(key)
        await store.delete(key)
        return value
      },
    }),
  },
  {
    fault: 'take leaves the key',
    caughtBy: 'take > returns what the key held and deletes it',
    breaks: (store) => ({ take: (key) => store.get(key) }),
  },
  {
    fault: 'a value that is too large drops the old one',
    caughtBy: 'too large > set rejects, and the old value and its expiry stay',
    breaks: (store) => ({
      async set(key, value, ttl) {
        if (value instanceof Uint8Array && value.length > referenceLimit) await store.delete(key)
        return store.set(key, value, ttl)
      },
    }),
  },
  {
    fault: 'flush stops after a thousand keys',
    caughtBy: 'flush > removes every key',
    breaks: (store) => ({
      async flush() {
        let left = 1000
        for await (const keys of store.scan('')) {
          await store.delete(keys.slice(0, left))
          left = Math.max(0, left - keys.length)
        }
      },
    }),
  },
  {
    fault: 'keys are trimmed',
    caughtBy: 'hostile keys > are all different, and come back with their own values',
    breaks: (store) => ({
      getMany: (keys) => store.getMany(keys.map((key) => key.trim())),
    }),
  },
  {
    fault: 'keys are normalised',
    caughtBy: 'hostile keys > are all different, and come back with their own values',
    breaks: (store) => ({
      setMany: (list) =>
        store.setMany(
          Array.isArray(list)
            ? (list as StoreEntry[]).map((e) => (typeof e?.key === 'string' ? { ...e, key: e.key.normalize() } : e))
            : list,
        ),
    }),
  },
  {
    fault: 'touch is a read, a pause and a write',
    caughtBy: 'races > a touch that races a delete never brings the key back',
    breaks: (store, { entries }) => ({
      async touch(key, ttl) {
        const entry = entries.get(key)
        const touched = await store.touch(key, ttl)
        if (touched && entry !== undefined) entries.set(key, entry)
        return touched
      },
    }),
  },
  {
    fault: 'a replacement by the same value is left out, and its expiry with it',
    caughtBy: 'compareAndSet > replaces a value by the same value, with a new expiry',
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        const same =
          expected instanceof Uint8Array && next instanceof Uint8Array && Buffer.compare(expected, next) === 0
        return same
          ? swap(store, key, expected, next, ttl === undefined ? ttl : 'keep', options)
          : swap(store, key, expected, next, ttl, options)
      },
    }),
  },
]
