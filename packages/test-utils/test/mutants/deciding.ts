import { isTransientError, TransientError } from '@transient/core/store'
import { matches } from '../reference-store.ts'
import { type Mutant, swap } from './mutant.ts'

const text = (value: Uint8Array) => Buffer.from(value).toString()

export const decidingMutants: readonly Mutant[] = [
  {
    fault: 'compareAndSet brings back a deleted key',
    caughtBy: 'compareAndSet > never brings back a deleted key',
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        if (await swap(store, key, expected, next, ttl, options)) return true
        return next !== null && typeof ttl === 'number' && store.compareAndSet(key, null, next, ttl)
      },
    }),
  },
  {
    fault: 'compareAndSet is a get, a pause and a set',
    caughtBy: 'races > of 100 concurrent replacements exactly one succeeds, and its value stays',
    breaks: (store, { entries }) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        if (expected === null || next === null) return swap(store, key, expected, next, ttl, options)
        const found = matches(await store.get(key), expected, options?.stamp)
        const end = entries.get(key)?.end ?? 0
        if (found) await store.set(key, next, typeof ttl === 'number' ? ttl : end)
        return found
      },
    }),
  },
  {
    fault: 'a racing compareAndSet brings back a deleted key',
    caughtBy: 'races > a compareAndSet that races a delete never brings the key back',
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        if (expected === null || next === null) return swap(store, key, expected, next, ttl, options)
        const found = matches(await store.get(key), expected, options?.stamp)
        if (found && typeof ttl === 'number') await store.set(key, next, ttl)
        return found
      },
    }),
  },
  {
    fault: 'compareAndSet creates over what is there',
    caughtBy: 'compareAndSet > does not create a key that is there, and leaves its value and expiry',
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        const done = await swap(store, key, expected, next, ttl, options)
        if (expected === null && next !== null && !done) await store.set(key, next, ttl as number)
        return done
      },
    }),
  },
  {
    fault: 'an empty value passes for an absent key',
    caughtBy: 'compareAndSet > takes an empty value for a value, not for an absent key',
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        if (await swap(store, key, expected, next, ttl, options)) return true
        if (expected !== null || next === null || (await store.get(key))?.length !== 0) return false
        return swap(store, key, new Uint8Array(0), next, ttl, options)
      },
    }),
  },
  {
    fault: 'compareAndSet compares the beginning only',
    caughtBy: 'compareAndSet > compares the whole value',
    breaks: (store) => ({
      compareAndSet(key, expected, next, ttl, options) {
        const stamp = Math.min(4, expected?.length ?? 0, next?.length ?? 4)
        return swap(store, key, expected, next, ttl, options ?? (stamp > 0 ? { stamp } : undefined))
      },
    }),
  },
  {
    fault: 'compareAndSet ignores the stamp',
    caughtBy: 'compareAndSet with a stamp > replaces a value that begins with the stamp, whatever follows it',
    breaks: (store) => ({
      compareAndSet: (key, expected, next, ttl, options) =>
        options?.stamp === undefined || options.stamp > 4
          ? swap(store, key, expected, next, ttl, options)
          : swap(store, key, expected, next, ttl),
    }),
  },
  {
    fault: 'a value shorter than the stamp matches',
    caughtBy: 'compareAndSet with a stamp > does not replace a value that is shorter than the stamp',
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        const stored = options?.stamp === undefined ? undefined : await store.get(key)
        const short = stored !== undefined && expected !== null && stored.length < expected.length
        return short && matches(stored, expected.subarray(0, stored.length))
          ? swap(store, key, stored, next, ttl)
          : swap(store, key, expected, next, ttl, options)
      },
    }),
  },
  {
    fault: "'keep' gives the expiry anew",
    caughtBy: "compareAndSet > with 'keep' leaves the expiry as it is",
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        const done = await swap(store, key, expected, next, ttl, options)
        if (done && ttl === 'keep') await store.touch(key, 3_600_000)
        return done
      },
    }),
  },
  {
    fault: "'keep' takes the expiry away",
    caughtBy: "compareAndSet with a stamp > with 'keep' leaves the expiry as it is",
    breaks: (store) => ({
      async compareAndSet(key, expected, next, ttl, options) {
        const done = await swap(store, key, expected, next, ttl, options)
        if (done && ttl === 'keep' && options !== undefined) await store.touch(key, Number.POSITIVE_INFINITY)
        return done
      },
    }),
  },
  {
    fault: 'compareAndSet deletes a changed value',
    caughtBy: 'compareAndSet > does not delete a changed value, and leaves its expiry',
    breaks: (store) => ({
      compareAndSet: async (key, expected, next, ttl, options) =>
        (await swap(store, key, expected, next, ttl, options)) || (next === null && (await store.delete(key)) === 1),
    }),
  },
  {
    fault: 'increment gives the expiry anew',
    caughtBy: 'increment > keeps the expiry of a present counter, and reports what is left',
    breaks: (store) => ({
      async increment(key, delta, ttl) {
        const { value } = await store.increment(key, delta, ttl)
        await store.touch(key, ttl)
        return { value, ttl }
      },
    }),
  },
  {
    fault: 'increment reports the expiry it was given',
    caughtBy: 'increment > keeps a counter without expiry so',
    breaks: (store) => ({
      increment: async (key, delta, ttl) => ({ value: (await store.increment(key, delta, ttl)).value, ttl }),
    }),
  },
  {
    fault: 'increment is a get, a pause and a set',
    caughtBy: 'races > 100 concurrent increments add up, and hand out each number once',
    breaks: (store) => ({
      async increment(key, delta, ttl) {
        const read = await store.get(key)
        if (read !== undefined && !/^\d{1,9}$/.test(text(read))) return store.increment(key, delta, ttl)
        const value = Number(read === undefined ? 0 : text(read)) + delta
        await store.set(key, Buffer.from(String(value)), ttl)
        return { value, ttl }
      },
    }),
  },
  {
    fault: 'increment takes whatever Number takes',
    caughtBy: 'increment > refuses what is not decimal text of a safe integer, and leaves it as it was',
    breaks: (store) => ({
      async increment(key, delta, ttl) {
        const read = await store.get(key)
        if (read !== undefined && Number.isSafeInteger(Number(text(read)))) {
          await store.compareAndSet(key, read, Buffer.from(String(Number(text(read)))), 'keep')
        }
        return store.increment(key, delta, ttl)
      },
    }),
  },
  {
    fault: 'increment overwrites what is no counter',
    caughtBy: 'increment > refuses bytes that are no text',
    breaks: (store) => ({
      async increment(key, delta, ttl) {
        try {
          return await store.increment(key, delta, ttl)
        } catch (error) {
          if (isTransientError(error) && error.code === 'not-a-counter') await store.delete(key)
          throw error
        }
      },
    }),
  },
  {
    fault: 'increment runs over the safe integers',
    caughtBy: 'increment > refuses a step beyond the safe integers, and leaves the counter as it was',
    breaks: (store) => ({
      async increment(key, delta, ttl) {
        try {
          return await store.increment(key, delta, ttl)
        } catch (error) {
          if (!isTransientError(error) || error.code !== 'overflow') throw error
          const read = (await store.get(key)) as Uint8Array
          await store.compareAndSet(key, read, Buffer.from(String(Number(text(read)) + delta)), 'keep')
          return { value: Number(text(read)) + delta, ttl }
        }
      },
    }),
  },
  {
    fault: 'a refused increment does not say that it was not applied',
    caughtBy: 'increment > says that a refused step was not applied, and names the key',
    breaks: (store) => ({
      increment: (key, delta, ttl) =>
        store.increment(key, delta, ttl).catch((error: unknown) => {
          if (!isTransientError(error)) throw error
          throw new TransientError(error.code, { operation: 'increment', key, applied: 'unknown' })
        }),
    }),
  },
]
