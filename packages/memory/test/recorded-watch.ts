import type { StoreChange, WatchableStore } from '@transient/core/store'

/** A watch that keeps what it was told. */
export async function recordedWatch(store: WatchableStore, prefix: string) {
  const changes: StoreChange[] = []
  const watch = await store.watch(prefix, (change) => changes.push(change))
  return { changes, watch }
}
