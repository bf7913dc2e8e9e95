import type { Codec } from '../codec/codec.ts'
import type { StandardSchemaV1 } from '../schema/standard-schema.ts'
import type { Duration } from '../store/duration.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { NearOptions } from './near-values.ts'

/** What a cache may hold by key; template keys type whole families: `{ [id: `product:${string}`]: Product }`. */
export type CacheShape = Record<string, unknown>

/** A key of the cache. */
export type CacheKey<Values extends object> = keyof Values & string

/** What goes for one value, or for all values of a cache. */
export interface CacheLifetime {
  /** How long a value is fresh. Default `'5m'`. */
  readonly ttl?: Duration | undefined
  /**
   * How long after that a stale value is still kept: it is handed out at once while a new one is loaded, and when the loader
   * fails. Default: not at all.
   */
  readonly grace?: Duration | undefined
  /** Shortens each `ttl` by a random part of up to this much, so that what was cached together does not end together: 0 to 1. Default 0.05. */
  readonly jitter?: number | undefined
  /** The `ttl` where the loader found nothing (`undefined` or `null`). Default: `ttl`. */
  readonly negativeTtl?: Duration | undefined
}

/** Options of {@link Cache.set}. */
export interface CacheSetOptions extends CacheLifetime {
  /** {@link Cache.invalidateTags} of any of them ends the value. Default: none. */
  readonly tags?: readonly string[] | undefined
}

/** Options of {@link Cache.getOrSet}. */
export interface GetOrSetOptions extends CacheSetOptions {
  /** How long the caller waits for a new value where a stale one is there. Default 0: not at all, it is loaded behind the caller's back. */
  readonly softTimeout?: Duration | undefined
  /** How long the caller waits where there is none: then `timeout`. The load goes on, for those who come later. Default: as long as it takes. */
  readonly hardTimeout?: Duration | undefined
  /** A fresh value is loaded anew behind the caller's back once this part of its `ttl` is over: 0 to 1. Default: not before it is stale. */
  readonly earlyRefresh?: number | undefined
  /** Ends this caller's waiting, with the signal's reason. A load that nobody waits for any more is aborted, too. */
  readonly signal?: AbortSignal | undefined
}

/** What a loader is given. */
export interface LoadContext<Value> {
  /** Aborted when nobody waits for the load any more. */
  readonly signal: AbortSignal
  /** The value that is stale, if there is one. */
  readonly stale: Value | undefined
  /** The `ttl` of what is being loaded. */
  setTtl(ttl: Duration): void
  /** Tags beside those of the options. Stored only if no tag of the namespace was invalidated since the load began. */
  setTags(tags: readonly string[]): void
  /** Do not store what is returned. */
  skip(): void
}

/** Makes the value of a key. What it throws reaches every caller that waits for it as it is. */
export type Loader<Value> = (context: LoadContext<Value>) => Value | Promise<Value>

/** Makes the values of several keys at once; a key that is not in the map has none (`undefined`). */
export type BatchLoader<Values extends object, Key extends CacheKey<Values>> = (
  keys: readonly Key[],
  context: { readonly signal: AbortSignal },
) => ReadonlyMap<Key, Values[Key]> | Promise<ReadonlyMap<Key, Values[Key]>>

/** How much a cache did, in this process. */
export interface CacheCounts {
  readonly hits: number
  /** Stale values handed out. */
  readonly staleHits: number
  readonly misses: number
  readonly loads: number
  readonly loadErrors: number
  /** Callers that waited for the load of another process. */
  readonly waits: number
  /** Values pushed out of the near cache. */
  readonly evictions: number
  /** Calls answered without the store, because it could not be used. */
  readonly storeErrors: number
}

/** Options of {@link createCache}. */
export interface CacheOptions<Values extends object> extends Omit<GetOrSetOptions, 'signal' | 'tags'> {
  /** In front of the keys in the store. Default `'cache:'`. */
  readonly prefix?: string | undefined
  /** How values become bytes. Default: JSON. */
  readonly codec?: Codec<unknown> | undefined
  /** Validates what comes out of the store, synchronously: what does not fit any more is a miss. A Standard Schema (zod, valibot, arktype …). */
  readonly schema?: StandardSchemaV1<unknown, Values[CacheKey<Values>]> | undefined
  /** A larger value is refused as `too-large`: what `getOrSet` loaded is handed out and not stored. Default: what the store takes. */
  readonly maxValueBytes?: number | undefined
  /** How long another process waits for a loader that has died. Loaders that live prolong it. Default `'2s'`. */
  readonly lease?: Duration | undefined
  /** How long after an error of the loader it is not called again in this process; twice as long after each further one, up to 32 times. Default `'250ms'`. */
  readonly backoff?: Duration | undefined
  /** How long a call of the store may take. Default `'250ms'`. */
  readonly deadline?: Duration | undefined
  /**
   * Keeps decoded values in this process, deep-frozen, and drops them when the store says that they have changed. A hit costs no I/O. What it gives up: a
   * change made by another process is seen when its report arrives, and if reports are lost, when the store notices that (see the store's own
   * documentation of `watch`). The store has to tell of changes. Default: off.
   */
  readonly near?: NearOptions | undefined
  /** The time in milliseconds since 1970. Default `Date.now`. */
  readonly now?: (() => Milliseconds) | undefined
}

/**
 * Values that can be made again, over any {@link TransientStore}. `null`, `0`, `''`, `false` and `undefined` are values: what {@link get} cannot tell apart, {@link has} does.
 */
export interface Cache<Values extends object = CacheShape> {
  /** The value, `undefined` if there is none that is fresh. Rejects with the store's error. */
  get<Key extends CacheKey<Values>>(key: Key): Promise<Values[Key] | undefined>
  /** The fresh values of those keys that have one, in one round trip. */
  getMany<Key extends CacheKey<Values>>(keys: readonly Key[]): Promise<Map<Key, Values[Key]>>
  /** Whether there is a fresh value, be it `undefined`. */
  has(key: CacheKey<Values>): Promise<boolean>

  /** Puts a value in place of what is there; a load of this key that is under way is not stored. */
  set<Key extends CacheKey<Values>>(key: Key, value: Values[Key], options?: CacheSetOptions): Promise<void>
  /** {@link set} for several, in one round trip; not atomic as a group. */
  setMany<Key extends CacheKey<Values>>(
    values: Iterable<readonly [Key, Values[Key]]>,
    options?: CacheSetOptions,
  ): Promise<void>

  /**
   * The value, loaded if there is none. Of all callers, in this process and in all others, one runs the loader; the others get the stale value, if there
   * is one in its grace, or wait. No caller gets what was loaded before a `delete`, `invalidateTags` or `clear`, here or elsewhere, that was
   * finished before its call.
   *
   * A loader's error rejects with just that error, unless a stale value is there, and is not cached; the loader is called again after a back-off. If the store
   * cannot be used the loader runs all the same, once for all callers of this process, and what it makes is not stored.
   * Options that make no sense are a `TypeError` or `RangeError` before any I/O.
   */
  getOrSet<Key extends CacheKey<Values>>(
    key: Key,
    load: Loader<Values[Key]>,
    options?: GetOrSetOptions,
  ): Promise<Values[Key]>

  /** {@link getOrSet} for several keys, with one call of the loader for those that it has to make. */
  getOrSetMany<Key extends CacheKey<Values>>(
    keys: readonly Key[],
    load: BatchLoader<Values, Key>,
    options?: GetOrSetOptions,
  ): Promise<Map<Key, Values[Key]>>

  /** Removes values; `true` if something was there, be it stale or the place of a load. A load that is under way, here or elsewhere, is not stored. */
  delete(keys: CacheKey<Values> | readonly CacheKey<Values>[]): Promise<boolean>
  /** Ends all values with the tag, and all loads under way, in a number of commands that does not depend on how many there are. */
  invalidateTag(tag: string): Promise<void>
  /** {@link invalidateTag} for several tags. */
  invalidateTags(tags: readonly string[]): Promise<void>
  /** Ends all values of this namespace and of those inside it, in a number of commands that does not depend on how many there are. */
  clear(): Promise<void>

  /** A cache inside this one, with keys and tags of its own. The same name is the same namespace. Options are the outer one's unless given. */
  namespace<Inner extends object = Values>(name: string, options?: GetOrSetOptions): Cache<Inner>

  /**
   * The function, cached: a value for each list of arguments, in a namespace that is named after the function. `wrapped.delete(...args)` ends one
   * value, `wrapped.clear()` all.
   */
  cached<Args extends readonly unknown[], Value>(
    work: (...args: Args) => Value | Promise<Value>,
    options?: CachedOptions<Args>,
  ): CachedFunction<Args, Value>

  /** Ends what the cache has begun by itself: it does not listen to the store any more, and keeps nothing near. The store is the caller's. */
  close(): Promise<void>

  /** What this cache did so far, in this process and without the namespaces inside it. */
  readonly counts: CacheCounts
}

/** Options of {@link Cache.cached}. */
export interface CachedOptions<Args extends readonly unknown[]> extends Omit<GetOrSetOptions, 'signal' | 'tags'> {
  /** The name of the namespace, which tells cached functions apart. Default: the function's name; without one it has to be given. */
  readonly name?: string | undefined
  /** The key that the arguments make. Default: their JSON text. */
  readonly key?: ((...args: Args) => string) | undefined
  readonly tags?: readonly string[] | ((...args: Args) => readonly string[]) | undefined
}

/** A function whose results are cached. */
export interface CachedFunction<Args extends readonly unknown[], Value> {
  (...args: Args): Promise<Value>
  delete(...args: Args): Promise<boolean>
  clear(): Promise<void>
}
