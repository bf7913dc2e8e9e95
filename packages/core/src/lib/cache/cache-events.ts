import { type Channel, channel } from 'node:diagnostics_channel'
import type { TransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'

/** What is published on `node:diagnostics_channel`: never a key or a value, only the names of the namespace. */
export interface CacheEvent {
  /** The names of the namespaces, outermost first; empty for the cache itself. */
  readonly space: readonly string[]
}

/** A loader has worked. */
export interface CacheLoad extends CacheEvent {
  readonly duration: Milliseconds
}

/** A loader has failed. */
export interface CacheLoadError extends CacheEvent {
  readonly error: unknown
}

/** The store has failed: callers were answered without it. */
export interface CacheStoreError {
  readonly prefix: string
  readonly error: TransientError
}

/** What was stored is damaged, or does not fit the schema any more: it is a miss. */
export interface CacheMisfit extends CacheEvent {
  readonly error?: unknown
}

/** The store refuses to tell of changes, so near values are kept for `ttl` only. */
export interface CacheNearTrouble {
  readonly prefix: string
  readonly error: TransientError
  readonly ttl: Milliseconds
}

/** `transient:cache:load` */
export const loadChannel = /* @__PURE__ */ channel('transient:cache:load') as Channel<unknown, CacheLoad>
/** `transient:cache:load-error` */
export const loadErrorChannel = /* @__PURE__ */ channel('transient:cache:load-error') as Channel<
  unknown,
  CacheLoadError
>
/** `transient:cache:store-error` */
export const storeErrorChannel = /* @__PURE__ */ channel('transient:cache:store-error') as Channel<
  unknown,
  CacheStoreError
>
/** `transient:cache:misfit` */
export const misfitChannel = /* @__PURE__ */ channel('transient:cache:misfit') as Channel<unknown, CacheMisfit>
/** `transient:cache:near` */
export const nearChannel = /* @__PURE__ */ channel('transient:cache:near') as Channel<unknown, CacheNearTrouble>
