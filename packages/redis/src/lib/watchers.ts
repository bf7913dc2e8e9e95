import type { StoreChange } from '@transient/core/store'

type Listener = (change: StoreChange) => void

interface Watcher {
  readonly prefix: string
  readonly listener: Listener
  active: boolean
  warned: boolean
}

/** Who wants to hear of which keys. */
export interface Watchers {
  /** The returned function ends it; it may be called again. */
  add(prefix: string, listener: Listener): () => void
  /** Tells each watcher, in one report, those of the keys that begin with its prefix. */
  changed(keys: readonly string[]): void
  gap(): void
  clear(): void
}

export function createWatchers(): Watchers {
  // By the length of the prefix, then by the prefix: a key is looked up once for each length in use, however many watch.
  const lengths = new Map<number, Map<string, Set<Watcher>>>()

  function remove(watcher: Watcher): void {
    if (!watcher.active) return
    watcher.active = false
    const { prefix } = watcher
    const prefixes = lengths.get(prefix.length)
    const group = prefixes?.get(prefix)
    group?.delete(watcher)
    if (group?.size === 0) prefixes?.delete(prefix)
    if (prefixes?.size === 0) lengths.delete(prefix.length)
  }

  const everyone = (): Watcher[] =>
    [...lengths.values()].flatMap((prefixes) => [...prefixes.values()].flatMap((group) => [...group]))

  return {
    add(prefix, listener) {
      const watcher: Watcher = { prefix, listener, active: true, warned: false }
      const prefixes = lengths.get(prefix.length) ?? new Map<string, Set<Watcher>>()
      const group = prefixes.get(prefix) ?? new Set<Watcher>()
      lengths.set(prefix.length, prefixes.set(prefix, group.add(watcher)))
      return () => remove(watcher)
    },

    changed(keys) {
      const told = new Map<Watcher, string[]>()
      for (const key of keys) {
        for (const [length, prefixes] of lengths) {
          for (const watcher of prefixes.get(key.slice(0, length)) ?? []) {
            const list = told.get(watcher)
            if (list === undefined) told.set(watcher, [key])
            else list.push(key)
          }
        }
      }
      for (const [watcher, list] of told) tell(watcher, { type: 'changed', keys: list })
    },

    gap() {
      for (const watcher of everyone()) tell(watcher, { type: 'gap' })
    },

    clear() {
      for (const watcher of everyone()) remove(watcher)
    },
  }
}

function tell(watcher: Watcher, change: StoreChange): void {
  // A listener called earlier in the same round may have ended this watch.
  if (!watcher.active) return
  try {
    watcher.listener(change)
  } catch (error) {
    // The other listeners must not pay for somebody else's fault, nor may it go unseen: the process is told once per watch.
    if (watcher.warned) return
    watcher.warned = true
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.emitWarning(
      `a listener of watch() threw, further errors of it are not shown: ${reason}`,
      'TransientWarning',
    )
  }
}
