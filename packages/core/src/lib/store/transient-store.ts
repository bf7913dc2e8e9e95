/** A span of time in milliseconds. Stores take it as a positive safe integer, or `Infinity` for "never expires". */
export type Milliseconds = number

/** One entry of {@link TransientStore.setMany}. */
export interface StoreEntry {
  readonly key: string
  readonly value: Uint8Array
  readonly ttl: Milliseconds
}

/** Options of {@link TransientStore.get}. */
export interface GetOptions {
  /** Gives a present key this expiry with the same command. */
  readonly touch?: Milliseconds
}

/** Options of {@link TransientStore.compareAndSet}. */
export interface CompareAndSetOptions {
  /**
   * The caller's promise that the first `stamp` bytes identify the value, so that a store may compare only those.
   * Both `expected` and the stored value are compared by that many bytes.
   */
  readonly stamp?: number
}

/** What {@link TransientStore.increment} reports: the counter, and what is left of its life. */
export interface Counter {
  readonly value: number
  readonly ttl: Milliseconds
}

/**
 * Bytes by key, each with an expiry: all that a storage has to be able to do.
 *
 * - **Keys** are any well-formed string; no character has a meaning. A lone surrogate is a `TypeError`.
 * - **Values** are copied in. What a store hands out is for reading: writing into it is undefined behaviour.
 *   A value over the store's limit rejects with `too-large` and leaves the old value in place.
 * - **Expiry** is relative, in milliseconds, on the store's own clock: a positive safe integer or `Infinity`. Anything
 *   else is a `RangeError` before any I/O. An expired key is absent, for every verb.
 * - **A miss is `undefined`, an outage is a rejection** with a `TransientError`. Nothing is swallowed.
 * - **Misuse** (`TypeError`, `RangeError`, with `code: 'invalid-argument'`) rejects before any I/O, also on a closed store.
 * - **Batches** take one round trip (one per node of a cluster) and are not atomic as a group. An empty batch costs nothing.
 * - After `close()` every verb rejects with `closed`.
 */
export interface TransientStore extends AsyncDisposable {
  /**
   * How far `compareAndSet`, `take` and `increment` are atomic: `'shared'` across all clients of the storage,
   * `'process'` among the callers in this process only.
   */
  readonly atomicity: 'shared' | 'process'

  /** The value, or `undefined` if the key is absent. With `touch`, a present key gets that expiry in the same command. */
  get(key: string, options?: GetOptions): Promise<Uint8Array | undefined>

  /** The values in the order of `keys`; `undefined` for each absent one. A repeated key is answered each time. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>

  /** Stores the value, whatever was there, with a new expiry. Of concurrent calls the last to arrive stays. */
  set(key: string, value: Uint8Array, ttl: Milliseconds): Promise<void>

  /** Stores all entries. Of a repeated key the last entry stays. A rejection may leave some stored and others not. */
  setMany(entries: readonly StoreEntry[]): Promise<void>

  /** Deletes, and tells how many of the keys were there. A repeated key counts once. */
  delete(keys: string | readonly string[]): Promise<number>

  /** Gives a present key a new expiry. `false` if it is absent; never creates. */
  touch(key: string, ttl: Milliseconds): Promise<boolean>

  /** What is left of each key's life: milliseconds, `Infinity` for a key without expiry, `undefined` for an absent one. */
  ttl(keys: readonly string[]): Promise<(Milliseconds | undefined)[]>

  /** Deletes the key and returns what it held; `undefined` if absent. Of concurrent callers exactly one gets the value. */
  take(key: string): Promise<Uint8Array | undefined>

  /**
   * Writes only if the key still holds what the caller expects; `true` if it did. Never brings back a deleted key.
   *
   * - `(key, null, next, ttl)` creates, only if absent (`'keep'` is a `TypeError`: there is no expiry to keep)
   * - `(key, expected, next, ttl)` replaces, only if unchanged, with a new expiry or, by `'keep'`, the old one
   * - `(key, expected, null)` deletes, only if unchanged
   *
   * Of concurrent callers with the same expectation exactly one gets `true`. `(key, null, null)` is a `TypeError`.
   */
  compareAndSet(
    key: string,
    expected: Uint8Array | null,
    next: Uint8Array,
    ttl: Milliseconds | 'keep',
    options?: CompareAndSetOptions,
  ): Promise<boolean>
  compareAndSet(
    key: string,
    expected: Uint8Array,
    next: null,
    ttl?: undefined,
    options?: CompareAndSetOptions,
  ): Promise<boolean>

  /**
   * Adds `delta` (a safe integer) to a counter kept as decimal text, and returns it. An absent key counts from 0 and gets `ttl`;
   * a present one keeps its expiry. Rejects with `not-a-counter` or `overflow` and leaves the key as it was.
   */
  increment(key: string, delta: number, ttl: Milliseconds): Promise<Counter>

  /** Ends the store's use and closes what it opened itself. Repeated calls resolve. */
  close(): Promise<void>
}

/** A store whose keys can be listed and emptied. Ask with {@link isInspectable}. */
export interface InspectableStore extends TransientStore {
  /**
   * The keys that begin with `prefix` (compared literally), in batches, in no order. A key there from beginning to end is
   * seen at least once; one that comes or goes meanwhile may be seen or not; one may be seen twice. `''` lists all.
   */
  scan(prefix: string): AsyncIterable<readonly string[]>

  /** Removes every key of this store; of a prefixed store, every key under its prefix. */
  flush(): Promise<void>
}

/**
 * What a watcher is told. `changed`: these keys were written, touched, deleted or evicted (reports may be repeated, and may come
 * for a write that changed nothing). `gap`: changes may have been missed; forget everything remembered.
 */
export type StoreChange = { readonly type: 'changed'; readonly keys: readonly string[] } | { readonly type: 'gap' }

/** A store that reports changes made by anyone. Ask with {@link isWatchable}. */
export interface WatchableStore extends TransientStore {
  /**
   * Reports changes of keys that begin with `prefix`, from when the promise resolves until the returned handle is disposed.
   * Expiry by time is not reported. A listener that throws does not disturb the store or other listeners.
   */
  watch(prefix: string, listener: (change: StoreChange) => void): Promise<AsyncDisposable>
}

/** Whether the store can list and flush its keys. */
export function isInspectable(store: TransientStore): store is InspectableStore {
  const candidate = store as Partial<InspectableStore>
  return typeof candidate.scan === 'function' && typeof candidate.flush === 'function'
}

/** Whether the store reports changes. */
export function isWatchable(store: TransientStore): store is WatchableStore {
  return typeof (store as Partial<WatchableStore>).watch === 'function'
}
