import { isTransientError, TransientError } from '@transient/core/store'
import { createReferenceData, createReferenceStore, matches } from '../reference-store.ts'
import { type Mutant, swap } from './mutant.ts'

const year = 31_536_000_000

export const livingMutants: readonly Mutant[] = [
  {
    fault: 'Infinity is stored as a long time',
    caughtBy: 'expiry > of Infinity is none',
    breaks: (store) => ({
      set: (key, value, ttl) => store.set(key, value, ttl === Number.POSITIVE_INFINITY ? year : ttl),
    }),
  },
  {
    fault: 'milliseconds are taken for seconds',
    caughtBy: 'expiry > comes to the millisecond on the clock of the store',
    breaks: (store) => ({ set: (key, value, ttl) => store.set(key, value, ttl > 0 && ttl < 1e9 ? ttl * 1000 : ttl) }),
  },
  {
    fault: 'the expiry is rounded up to seconds',
    caughtBy: 'expiry > of 1 ms is taken, and is soon over',
    breaks: (store) => ({
      set: (key, value, ttl) => store.set(key, value, ttl > 0 && ttl < 1000 && Number.isInteger(ttl) ? 1000 : ttl),
    }),
  },
  {
    fault: 'a timer overflows at 2^31 ms',
    caughtBy: 'expiry > of 2^31 ms and more is not cut short',
    breaks: (store) => ({
      set: (key, value, ttl) => store.set(key, value, ttl >= 2 ** 31 && ttl < 2 ** 53 ? 1 : ttl),
    }),
  },
  {
    fault: 'the expiry is ignored',
    caughtBy: 'expiry > makes a key absent for get, also with touch',
    breaks: (store, { entries }) => ({
      async set(key, value, ttl) {
        await store.set(key, value, ttl)
        const entry = entries.get(key)
        if (entry !== undefined) entry.end = Number.POSITIVE_INFINITY
      },
    }),
  },
  {
    fault: 'delete counts expired keys',
    caughtBy: 'expiry > makes a key absent for delete',
    breaks: (store, { entries }) => ({
      async delete(keys) {
        const there = typeof keys === 'string' && entries.has(keys)
        const count = await store.delete(keys)
        return there ? 1 : count
      },
    }),
  },
  {
    fault: 'an expired key keeps a new one from being created',
    caughtBy: 'expiry > makes a key absent for compareAndSet, which never brings it back',
    breaks: (store, data) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        const old = data.entries.get(key)
        if (old !== undefined && old.end < data.now && expected === null) return false
        return swap(store, key, expected, next, ttl, options)
      },
    }),
  },
  {
    fault: 'touch brings back an expired key',
    caughtBy: 'expiry > makes a key absent for touch',
    breaks: (store, { entries }) => ({
      async touch(key, ttl) {
        const entry = entries.get(key)
        if (entry !== undefined) entry.end = Number.POSITIVE_INFINITY
        return store.touch(key, ttl)
      },
    }),
  },
  {
    fault: 'an outage looks like a miss',
    caughtBy: 'outage > every verb rejects with unavailable or timeout, and none hangs',
    breaks: (store) => ({
      get: (key, options) =>
        store.get(key, options).catch((error: unknown) => {
          if (isTransientError(error) && error.code === 'unavailable') return undefined
          throw error
        }),
    }),
  },
  {
    fault: 'a write that failed does not say whether it was applied',
    caughtBy: 'outage > every write says whether it may have been applied, and no read does',
    breaks: (store) => ({
      take: (key) =>
        store.take(key).catch((error: unknown) => {
          throw isTransientError(error) ? new TransientError(error.code, { operation: 'take', key }) : error
        }),
    }),
  },
  {
    fault: 'an error of the client comes through as it is',
    caughtBy: 'outage > every verb rejects with unavailable or timeout, and none hangs',
    breaks: (store) => ({
      set: (key, value, ttl) =>
        store.set(key, value, ttl).catch((error: unknown) => {
          throw isTransientError(error) && error.code === 'unavailable' ? new Error('ECONNREFUSED') : error
        }),
    }),
  },
  {
    fault: 'an empty batch goes to the server',
    caughtBy: 'outage > an empty batch costs nothing: it is answered all the same',
    breaks: (store) => ({
      async getMany(keys) {
        await store.get('')
        return store.getMany(keys)
      },
    }),
  },
  {
    fault: 'a closed store answers',
    caughtBy: 'close > makes every verb reject with closed',
    breaks: () => ({ close: async () => {} }),
  },
  {
    fault: 'a closed store answers empty batches',
    caughtBy: 'close > makes empty batches reject with closed',
    breaks: (store) => ({ ttl: async (keys) => (Array.isArray(keys) && keys.length === 0 ? [] : store.ttl(keys)) }),
  },
  {
    fault: 'a second close rejects',
    caughtBy: 'close > resolves, also when it is repeated',
    breaks(store) {
      let closed = false
      return {
        async close() {
          if (closed) throw new Error('closed already')
          closed = true
          return store.close()
        },
      }
    },
  },
  {
    fault: 'what says it is shared is not',
    caughtBy: 'shared > what one client writes, another reads',
    breaks: () => createReferenceStore(createReferenceData()),
  },
  {
    fault: 'a store says it is atomic in its process only',
    caughtBy: 'abilities > says how far it is atomic',
    breaks: () => ({ atomicity: 'process' as const }),
  },
  {
    fault: 'an ability is there by half',
    caughtBy: 'abilities > is inspectable',
    breaks: () => ({ flush: undefined as never }),
  },
  {
    fault: 'watchers hear of keys outside their prefix',
    caughtBy: 'watch > reports only keys that begin with the prefix, taken literally',
    breaks: (store) => ({ watch: (prefix, listener) => store.watch(prefix.replace(/\*.*$/s, ''), listener) }),
  },
  {
    fault: 'watchers do not hear of a take',
    caughtBy: 'watch > reports a take',
    breaks: (_, { entries }) => ({
      async take(key) {
        const value = entries.get(key)?.value
        entries.delete(key)
        return value
      },
    }),
  },
  {
    fault: 'a watch never ends',
    caughtBy: 'watch > reports nothing after it was disposed of, and can be disposed of twice',
    breaks: (store) => ({
      async watch(prefix, listener) {
        await store.watch(prefix, listener)
        return { [Symbol.asyncDispose]: async () => {} }
      },
    }),
  },
  {
    fault: 'one watcher for each prefix',
    caughtBy: 'watch > tells each of several watchers, also when their prefixes overlap',
    breaks: (store, { watches }) => ({
      async watch(prefix, listener) {
        for (const watch of watches) if (watch.prefix === prefix) watches.delete(watch)
        return store.watch(prefix, listener)
      },
    }),
  },
  {
    fault: 'a listener that throws fails the write',
    caughtBy: 'watch > is not disturbed by a listener that throws',
    breaks: (store, { watches }) => ({
      async set(key, value, ttl) {
        await store.set(key, value, ttl)
        for (const { listener } of watches) listener({ type: 'changed', keys: [key] })
      },
    }),
  },
  {
    fault: 'a compareAndSet by stamp lets two through',
    caughtBy: 'races > of 100 concurrent replacements by stamp exactly one succeeds',
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        if (options?.stamp === undefined || expected === null || next === null)
          return swap(store, key, expected, next, ttl, options)
        const found = matches(await store.get(key), expected, options.stamp)
        if (found && typeof ttl === 'number') await store.set(key, next, ttl)
        return found
      },
    }),
  },
]
