import { checkListener } from './checks.ts'
import { createDeadlineTimer } from './deadline-timer.ts'
import { type Decorated, decorateStore, forwardCompareAndSet } from './decorate-store.ts'
import { type Duration, parseDuration } from './duration.ts'
import { TransientError } from './errors.ts'
import {
  type CompareAndSetOptions,
  isInspectable,
  isWatchable,
  type Milliseconds,
  type TransientStore,
} from './transient-store.ts'

/**
 * The same store, each call of which is answered within `deadline` (at most 24 days) or rejects with `timeout`. The call itself is not
 * taken back: a write that timed out may still be applied, which its error says (`applied: 'unknown'`).
 * `flush` and each step of `scan` are bounded as one call; `close` is not bounded. All calls share one timer.
 *
 * ```ts
 * import { withDeadline } from '@transient/core'
 * import { createMemoryStore } from '@transient/memory'
 *
 * const store = withDeadline(createMemoryStore(), '250ms')
 * ```
 */
export function withDeadline<Store extends TransientStore>(store: Store, deadline: Duration): Decorated<Store> {
  const span = parseDuration(deadline, 'deadline')
  const bound = createDeadlineTimer(span)

  const read = <T>(operation: string, key: string | undefined, work: Promise<T>) =>
    bound(work, () => new TransientError('timeout', { operation, key, message: sentence }))
  const write = <T>(operation: string, key: string | undefined, work: Promise<T>) =>
    bound(work, () => new TransientError('timeout', { operation, key, applied: 'unknown', message: sentence }))
  const sentence = `the store did not answer within ${span} ms`

  async function* scan(prefix: string): AsyncGenerator<readonly string[]> {
    if (!isInspectable(store)) return
    const batches = store.scan(prefix)[Symbol.asyncIterator]()
    try {
      for (;;) {
        const batch = await read('scan', undefined, batches.next())
        if (batch.done) return
        yield batch.value
      }
    } finally {
      // Not awaited: a scan that hangs must not hang its reader a second time.
      batches.return?.().catch(() => {})
    }
  }

  return decorateStore(
    store,
    {
      get: (key, options) => {
        const work = store.get(key, options)
        return options?.touch === undefined ? read('get', key, work) : write('get', key, work)
      },
      getMany: (keys) => read('getMany', undefined, store.getMany(keys)),
      set: (key, value, ttl) => write('set', key, store.set(key, value, ttl)),
      setMany: (entries) => write('setMany', undefined, store.setMany(entries)),
      delete: (keys) => write('delete', typeof keys === 'string' ? keys : undefined, store.delete(keys)),
      touch: (key, ttl) => write('touch', key, store.touch(key, ttl)),
      ttl: (keys) => read('ttl', undefined, store.ttl(keys)),
      take: (key) => write('take', key, store.take(key)),
      compareAndSet: (
        key: string,
        expected: Uint8Array | null,
        next: Uint8Array | null,
        ttl?: Milliseconds | 'keep',
        options?: CompareAndSetOptions,
      ) => write('compareAndSet', key, forwardCompareAndSet(store, key, expected, next, ttl, options)),
      increment: (key, delta, ttl) => write('increment', key, store.increment(key, delta, ttl)),
    },
    {
      scan,
      flush: async () => {
        if (isInspectable(store)) await write('flush', undefined, store.flush())
      },
      watch: async (prefix, listener) => {
        checkListener(listener)
        if (!isWatchable(store)) throw new TypeError('unreachable: only a watchable store is given watch')
        const watching = store.watch(prefix, listener)
        try {
          return await read('watch', undefined, watching)
        } catch (error) {
          // A watch that comes after all has nobody to end it.
          watching.then((handle) => handle[Symbol.asyncDispose]()).catch(() => {})
          throw error
        }
      },
    },
  )
}
