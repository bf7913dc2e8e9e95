import assert from 'node:assert/strict'
import { isWatchable, type StoreChange, type TransientStore, type WatchableStore } from '@transient/core/store'

/** One watch, and what it was told. */
export interface Watcher {
  /** Resolves when the key was reported, or a gap; rejects if that takes more than two seconds. */
  told(key: string): Promise<void>
  /** The keys that were reported so far. */
  keys(): readonly string[]
  changes(): readonly StoreChange[]
  clear(): void
  stop(): Promise<void>
}

export function watchable(store: TransientStore): WatchableStore {
  assert.ok(isWatchable(store), 'the store is watchable')
  return store
}

export async function watch(store: TransientStore, prefix: string): Promise<Watcher> {
  let changes: StoreChange[] = []
  let wake = (): void => {}
  const handle = await watchable(store).watch(prefix, (change) => {
    changes.push(change)
    wake()
  })
  const covers = (key: string) => changes.some((change) => change.type === 'gap' || change.keys.includes(key))
  const keys = () => changes.flatMap((change) => (change.type === 'gap' ? [] : change.keys))

  return {
    async told(key) {
      let late = false
      const limit = setTimeout(() => {
        late = true
        wake()
      }, 2000)
      while (!covers(key) && !late) await new Promise<void>((resolve) => (wake = resolve))
      clearTimeout(limit)
      assert.ok(
        covers(key),
        `the watcher of ${JSON.stringify(prefix)} was not told of ${key}, but of [${keys().join()}]`,
      )
    },
    keys,
    changes: () => changes,
    clear() {
      changes = []
    },
    async stop() {
      await handle[Symbol.asyncDispose]()
    },
  }
}
