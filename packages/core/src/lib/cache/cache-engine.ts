import type { Codec } from '../codec/codec.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { CacheCounter } from './cache-counter.ts'
import type { CacheReader } from './cache-reader.ts'
import type { CacheSpace } from './cache-space.ts'
import type { CacheTokens } from './cache-tokens.ts'
import type { Flight } from './flight.ts'
import type { LoadFailures } from './load-failures.ts'
import type { NearRoom, NearValues } from './near-values.ts'
import type { StoreGuard } from './store-guard.ts'

/** One namespace of a cache. */
export interface CacheRoom {
  readonly space: CacheSpace
  readonly counter: CacheCounter
  readonly near: NearRoom | undefined
}

/** What a cache and all namespaces inside it share. */
export interface CacheEngine {
  readonly guard: StoreGuard
  readonly reader: CacheReader
  readonly tokens: CacheTokens
  readonly failures: LoadFailures
  /** The newest load of each value key in this process. */
  readonly flights: Map<string, Flight>
  /** Loads that are not stored, because the store cannot be used. */
  readonly storeless: Map<string, Flight>
  readonly near: NearValues | undefined
  readonly codec: Codec<unknown>
  /** What the schema makes of a value; `undefined` if it does not fit. */
  readonly fit: (value: unknown) => { readonly value: unknown } | undefined
  readonly mostBytes: number
  readonly lease: Milliseconds
  readonly now: () => Milliseconds
  /** The number of the next call or load: what has a larger one began later. */
  readonly nextOrder: () => number
  /** Resolves when something may have changed under the key, at the latest after a short while. `attempt`: how often it was waited before. */
  readonly pause: (valueKey: string, attempt: number) => Promise<void>
}
