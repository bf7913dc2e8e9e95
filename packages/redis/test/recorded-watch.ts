import type { StoreChange, WatchableStore } from '@transient/core/store'

/** One watch, and what it was told. */
export interface RecordedWatch {
  /** In the order of their arrival, each with `performance.now()`. */
  readonly changes: (StoreChange & { readonly at: number })[]
  keys(): string[]
  gaps(): number
  /** Resolves when what it was told passes. */
  until(passes: (watch: RecordedWatch) => boolean): Promise<void>
  /** Resolves when the key was reported, or a gap. */
  told(key: string): Promise<void>
  clear(): void
  end(): Promise<void>
}

export async function recordWatch(store: WatchableStore, prefix: string): Promise<RecordedWatch> {
  const changes: RecordedWatch['changes'] = []
  const waiting = new Set<() => void>()
  const handle = await store.watch(prefix, (change) => {
    changes.push({ ...change, at: performance.now() })
    for (const look of waiting) look()
  })
  const watch: RecordedWatch = {
    changes,
    keys: () => changes.flatMap((change) => (change.type === 'gap' ? [] : change.keys)),
    gaps: () => changes.filter((change) => change.type === 'gap').length,
    until: (passes) =>
      new Promise((resolve) => {
        const look = () => {
          if (!passes(watch)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    told: (key) => watch.until(() => watch.gaps() > 0 || watch.keys().includes(key)),
    clear: () => void changes.splice(0),
    end: async () => handle[Symbol.asyncDispose](),
  }
  return watch
}

/**
 * Resolves when the server has answered all heartbeats: a watch of a prefix that is tracked already begins with a PING on the same
 * connection. Where heartbeats are moved by hand, the server would else have no time for them.
 */
export async function heartbeatAnswered(store: WatchableStore, tracked: string): Promise<void> {
  const watch = await store.watch(tracked, () => {})
  await watch[Symbol.asyncDispose]()
}
