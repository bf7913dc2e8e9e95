import { checkEntries, checkKey, checkKeys, checkListener } from './checks.ts'
import { type Decorated, decorateStore, forwardCompareAndSet } from './decorate-store.ts'
import {
  type CompareAndSetOptions,
  isInspectable,
  isWatchable,
  type Milliseconds,
  type TransientStore,
} from './transient-store.ts'

/** How many keys `flush` gathers before it deletes them. */
const flushBatch = 1000

/**
 * The part of a store whose keys begin with `prefix`; its users see keys without it. Prefixes nest, and match only
 * themselves: no character in them has a meaning.
 *
 * `flush` deletes the keys under the prefix and nothing else; keys written during it may stay. `close` closes the store
 * below, for all who share it. Everything else is as the store below does it, errors included (their `key` is the full key).
 *
 * ```ts
 * import { withPrefix } from '@transient/core'
 * import { createMemoryStore } from '@transient/memory'
 *
 * const carts = withPrefix(createMemoryStore(), 'cart:')
 * ```
 */
export function withPrefix<Store extends TransientStore>(store: Store, prefix: string): Decorated<Store> {
  checkKey(prefix)
  // The check comes before the prefix is put in front: two lone surrogates could make one well-formed pair.
  const full = (key: string): string => {
    checkKey(key)
    return prefix + key
  }
  const fullKeys = (keys: readonly string[]): string[] => {
    checkKeys(keys)
    return keys.map((key) => prefix + key)
  }
  const own = (keys: readonly string[]): string[] => keys.map((key) => key.slice(prefix.length))

  async function* scan(below: string): AsyncGenerator<readonly string[]> {
    if (!isInspectable(store)) return
    for await (const keys of store.scan(full(below))) yield own(keys)
  }

  return decorateStore(
    store,
    {
      get: async (key, options) => store.get(full(key), options),
      getMany: async (keys) => store.getMany(fullKeys(keys)),
      set: async (key, value, ttl) => store.set(full(key), value, ttl),
      setMany: async (entries) => {
        checkEntries(entries)
        return store.setMany(entries.map((entry) => ({ ...entry, key: prefix + entry.key })))
      },
      delete: async (keys) => store.delete(typeof keys === 'string' ? full(keys) : fullKeys(keys)),
      touch: async (key, ttl) => store.touch(full(key), ttl),
      ttl: async (keys) => store.ttl(fullKeys(keys)),
      take: async (key) => store.take(full(key)),
      compareAndSet: async (
        key: string,
        expected: Uint8Array | null,
        next: Uint8Array | null,
        ttl?: Milliseconds | 'keep',
        options?: CompareAndSetOptions,
      ) => forwardCompareAndSet(store, full(key), expected, next, ttl, options),
      increment: async (key, delta, ttl) => store.increment(full(key), delta, ttl),
    },
    {
      scan,
      flush: async () => {
        let batch: string[] = []
        for await (const keys of scan('')) {
          batch.push(...keys)
          if (batch.length < flushBatch) continue
          await store.delete(batch.map((key) => prefix + key))
          batch = []
        }
        await store.delete(batch.map((key) => prefix + key))
      },
      watch: async (below, listener) => {
        checkListener(listener)
        if (!isWatchable(store)) throw new TypeError('unreachable: only a watchable store is given watch')
        return store.watch(full(below), (change) =>
          listener(change.type === 'gap' ? change : { type: 'changed', keys: own(change.keys) }),
        )
      },
    },
  )
}
