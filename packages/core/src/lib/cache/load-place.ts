import { utf8 } from '../codec/utf8.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { CacheRead } from './cache-reader.ts'
import { type CacheSpace, newToken } from './cache-space.ts'
import { type EntryTokens, encodeEntry, stampLength, stampOf } from './entry.ts'
import type { StoreGuard } from './store-guard.ts'

/** The right to load a value, among all processes. */
export interface LoadPlace {
  /** The stamp of what the store shows under the value's key as long as the right counts. */
  readonly stamp: string
  renew(): Promise<boolean>
  /** Puts the loaded entry in place of what the load began with; `false` if that is not there any more. */
  fill(entry: Uint8Array, life: Milliseconds): Promise<boolean>
  /** Gives the right back without a value. */
  leave(): Promise<void>
  /** Nobody is to try again for a while. */
  rest(span: Milliseconds): Promise<void>
}

const stamped = { stamp: stampLength }

/**
 * For a key without a value that counts: a lease in the value's own place, so that a `delete` takes it away. `undefined` if somebody else
 * was faster.
 */
export async function takeEmptyPlace(
  guard: StoreGuard,
  space: CacheSpace,
  { key, bytes, entry }: CacheRead,
  tokens: EntryTokens,
  lease: Milliseconds,
): Promise<LoadPlace | undefined> {
  const valueKey = space.valueKey(key)
  const own = encodeEntry({ kind: 'lease', ...tokens })
  const isOurs = await guard.run('cache.lease', (store) =>
    // What is no entry may be shorter than a stamp.
    store.compareAndSet(valueKey, bytes, own, lease, entry && stamped),
  )
  if (!isOurs) return undefined
  const leave = async () => {
    await guard.run('cache.lease', (store) => store.compareAndSet(valueKey, own, null))
  }
  return {
    stamp: stampOf(own),
    renew: () => guard.run('cache.lease', (store) => store.compareAndSet(valueKey, own, own, lease, stamped)),
    fill: (filled, life) =>
      guard.run('cache.fill', (store) => store.compareAndSet(valueKey, own, filled, life, stamped)),
    leave,
    rest: leave,
  }
}

/** For a key with a value that is handed out meanwhile: a lease beside it. `undefined` if somebody else has it. */
export async function takePlaceBeside(
  guard: StoreGuard,
  space: CacheSpace,
  { key, bytes }: CacheRead,
  lease: Milliseconds,
): Promise<LoadPlace | undefined> {
  const valueKey = space.valueKey(key)
  const leaseKey = space.leaseKey(key)
  const base = bytes as Uint8Array
  const own = utf8.encode(newToken())
  const hold = (expected: Uint8Array | null, span: Milliseconds) =>
    guard.run('cache.lease', (store) => store.compareAndSet(leaseKey, expected, own, span))
  if (!(await hold(null, lease))) return undefined
  const leave = async () => {
    await guard.run('cache.lease', (store) => store.compareAndSet(leaseKey, own, null))
  }
  // Somebody may have loaded it, and gone, since it was read.
  const current = await guard.run('cache.lease', (store) => store.get(valueKey))
  if (current === undefined || stampOf(current) !== stampOf(base)) {
    await leave()
    return undefined
  }
  return {
    stamp: stampOf(base),
    renew: () => hold(own, lease),
    fill: async (filled, life) => {
      const isFilled = await guard.run('cache.fill', (store) =>
        store.compareAndSet(valueKey, base, filled, life, stamped),
      )
      await leave()
      return isFilled
    },
    leave,
    rest: async (span) => {
      await hold(own, span)
    },
  }
}
