import {
  type CompareAndSetOptions,
  type InspectableStore,
  isInspectable,
  isWatchable,
  type Milliseconds,
  type StoreChange,
  type TransientStore,
  type WatchableStore,
} from './transient-store.ts'

const inner = Symbol.for('transient.inner')

/** The store that a decorator wraps, or `undefined` if this is not a decorator. */
export function innerStore(store: TransientStore): TransientStore | undefined {
  return (store as { [inner]?: TransientStore })[inner]
}

/** What a decorator says of the abilities: used only where the wrapped store has them. */
export interface AbilityOverrides {
  scan(prefix: string): AsyncIterable<readonly string[]>
  flush(): Promise<void>
  watch(prefix: string, listener: (change: StoreChange) => void): Promise<AsyncDisposable>
}

/** What a decorator makes of a store: its verbs and the abilities that it has, but nothing that is the adapter's own. */
export type Decorated<Store extends TransientStore> = TransientStore &
  (Store extends InspectableStore ? InspectableStore : unknown) &
  (Store extends WatchableStore ? WatchableStore : unknown)

/**
 * A store that answers with `verbs`, and has the abilities that `store` has: no more, no fewer. `abilities` is asked
 * for only those. {@link innerStore} finds the way back.
 */
export function decorateStore<Store extends TransientStore>(
  store: Store,
  verbs: Omit<TransientStore, 'atomicity' | 'close' | typeof Symbol.asyncDispose>,
  abilities: AbilityOverrides,
): Decorated<Store> {
  const close = () => store.close()
  const decorated: TransientStore = {
    ...verbs,
    atomicity: store.atomicity,
    close,
    [Symbol.asyncDispose]: close,
  }
  Object.defineProperty(decorated, inner, { value: store })
  if (isInspectable(store)) Object.assign(decorated, { scan: abilities.scan, flush: abilities.flush })
  if (isWatchable(store)) Object.assign(decorated, { watch: abilities.watch })
  // The abilities of a Store are exactly the two small interfaces, both of which were just carried over.
  return decorated as Decorated<Store>
}

/** Hands a `compareAndSet` of any form on to `store`, which checks the arguments. */
export function forwardCompareAndSet(
  store: TransientStore,
  key: string,
  expected: Uint8Array | null,
  next: Uint8Array | null,
  ttl: Milliseconds | 'keep' | undefined,
  options: CompareAndSetOptions | undefined,
): Promise<boolean> {
  const compareAndSet = store.compareAndSet as (...args: unknown[]) => Promise<boolean>
  return compareAndSet.call(store, key, expected, next, ttl, options)
}
