import type { LoadContext } from './cache.ts'

/** Turns the loads of single keys into calls of one loader for many. */
export interface BatchLoads {
  /** The loader of one key. It runs with the others when all keys have said whether they need it, and later with those of its turn. */
  load(key: string, context: LoadContext<unknown>): Promise<unknown>
  /** The key has its answer, or waits for another process. */
  settle(key: string): void
}

/** What loads many keys at once. */
export type LoadMany = (
  keys: readonly string[],
  context: { readonly signal: AbortSignal },
) => ReadonlyMap<string, unknown> | Promise<ReadonlyMap<string, unknown>>

export function createBatchLoads(keys: Iterable<string>, loadMany: LoadMany): BatchLoads {
  const undecided = new Set(keys)
  let wanted: {
    readonly key: string
    readonly signal: AbortSignal
    readonly settle: (values: Promise<ReadonlyMap<string, unknown>>) => void
  }[] = []
  let isScheduled = false

  function run(): void {
    isScheduled = false
    const group = wanted
    wanted = []
    if (group.length === 0) return
    const abort = new AbortController()
    let present = group.length
    for (const { signal } of group)
      signal.addEventListener('abort', () => {
        present--
        if (present === 0) abort.abort()
      })
    const values = Promise.resolve().then(() =>
      loadMany(
        group.map(({ key }) => key),
        { signal: abort.signal },
      ),
    )
    for (const { settle } of group) settle(values)
  }

  function decide(key: string): void {
    undecided.delete(key)
    if (undecided.size > 0 || isScheduled) return
    isScheduled = true
    queueMicrotask(run)
  }

  return {
    settle: decide,
    load: async (key, { signal }) => {
      const values = await new Promise<ReadonlyMap<string, unknown>>((resolve) => {
        wanted.push({ key, signal, settle: resolve })
        decide(key)
      })
      return values.get(key)
    },
  }
}
