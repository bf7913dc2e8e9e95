import type { Mutant } from './mutant.ts'

const lossy = (value: Uint8Array | undefined) => value && Buffer.from(Buffer.from(value).toString('utf8'))

export const readingMutants: readonly Mutant[] = [
  {
    fault: 'get takes an empty value for a miss',
    caughtBy: 'binary > an empty value comes back from every verb as it went in',
    breaks: (store) => ({
      async get(key, options) {
        const value = await store.get(key, options)
        return value?.length ? value : undefined
      },
    }),
  },
  {
    fault: 'getMany takes an empty value for a miss',
    caughtBy: 'binary > an empty value is not a miss',
    breaks: (store) => ({
      getMany: async (keys) => (await store.getMany(keys)).map((value) => (value?.length ? value : undefined)),
    }),
  },
  {
    fault: 'values pass through UTF-8',
    caughtBy: 'binary > all 256 byte values comes back from every verb as it went in',
    breaks: (store) => ({ get: async (key, options) => lossy(await store.get(key, options)) }),
  },
  {
    fault: 'text is kept in Latin-1',
    caughtBy: 'binary > the text ÅÄÖ comes back from every verb as it went in',
    breaks: (store) => ({
      get: async (key, options) => {
        const value = await store.get(key, options)
        return value && new TextEncoder().encode(Buffer.from(value).toString('latin1'))
      },
    }),
  },
  {
    fault: 'getMany answers in another order',
    caughtBy: 'getMany > answers in the order of the keys',
    breaks: (store) => ({ getMany: (keys) => store.getMany([...keys].sort((one, two) => (one < two ? -1 : 1))) }),
  },
  {
    fault: 'getMany leaves absent keys out',
    caughtBy: 'getMany > answers undefined in the place of each absent key',
    breaks: (store) => ({
      getMany: async (keys) => (await store.getMany(keys)).filter((value) => value !== undefined),
    }),
  },
  {
    fault: 'getMany answers a repeated key once',
    caughtBy: 'getMany > answers a repeated key each time',
    breaks: (store) => ({ getMany: (keys) => store.getMany([...new Set(keys)]) }),
  },
  {
    fault: 'every read prolongs the life',
    caughtBy: 'get > leaves the expiry alone',
    breaks: (store) => ({ get: (key, options) => store.get(key, { touch: 3_600_000, ...options }) }),
  },
  {
    fault: 'get ignores touch',
    caughtBy: 'get > with touch, answers the value and gives the key that expiry, longer or shorter',
    breaks: (store) => ({ get: (key) => store.get(key) }),
  },
  {
    fault: 'scan takes the prefix for a glob',
    caughtBy: 'scan > takes the prefix literally, glob characters included',
    breaks: (store) => ({
      async *scan(prefix) {
        const glob = new RegExp(
          `^${prefix
            .replace(/[.+^${}()|\\[\]]/g, '\\$&')
            .replaceAll('*', '.*')
            .replaceAll('?', '.')}`,
          's',
        )
        for await (const keys of store.scan('')) yield keys.filter((key) => glob.test(key))
      },
    }),
  },
  {
    fault: 'a prefixed scan lists the keys of others',
    caughtBy: 'prefixed > lists nothing outside the prefix',
    breaks: (store) => ({ scan: (prefix) => store.scan(prefix.replace(/[*?[\\].*$/s, '')) }),
  },
  {
    fault: 'a prefixed flush deletes the keys of others',
    caughtBy: 'prefixed > flushes nothing outside the prefix',
    breaks: (store) => ({ scan: (prefix) => store.scan(prefix.replace(/[*?[\\].*$/s, '')) }),
  },
  {
    fault: 'scan misses keys',
    caughtBy: 'scan > lists 1000 keys',
    breaks: (store) => ({
      async *scan(prefix) {
        for await (const keys of store.scan(prefix)) yield keys.slice(0, 99)
      },
    }),
  },
  {
    fault: 'scan loses its place when keys are deleted meanwhile',
    caughtBy: 'scan > lists each key that is there from beginning to end, though others come and go',
    breaks: (_, { entries }) => ({
      async *scan(prefix) {
        for (let from = 0; from < entries.size; from += 100) {
          yield [...entries.keys()].slice(from, from + 100).filter((key) => key.startsWith(prefix))
        }
      },
    }),
  },
  {
    fault: 'scan lists expired keys',
    caughtBy: 'scan > does not list deleted or expired keys',
    breaks: (_, { entries }) => ({
      async *scan(prefix) {
        yield [...entries.keys()].filter((key) => key.startsWith(prefix))
      },
    }),
  },
  {
    fault: 'ttl tells seconds',
    caughtBy: 'ttl > tells what is left of a life',
    breaks: (store) => ({
      ttl: async (keys) => (await store.ttl(keys)).map((left) => left && Math.ceil(left / 1000)),
    }),
  },
  {
    fault: 'ttl tells -1 for a key without expiry',
    caughtBy: 'ttl > tells Infinity for a key without expiry',
    breaks: (store) => ({
      ttl: async (keys) => (await store.ttl(keys)).map((left) => (left === Number.POSITIVE_INFINITY ? -1 : left)),
    }),
  },
]
