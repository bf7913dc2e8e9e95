import type { Milliseconds } from '../store/transient-store.ts'

/** Remembers for a while that a loader has failed, so that it is not called again at once by everyone who comes. */
export interface LoadFailures {
  /** What the loader threw, if it is too early to call it again. */
  get(valueKey: string): { readonly error: unknown } | undefined
  add(valueKey: string, error: unknown): void
  /** The loader has worked, or what it had failed for is gone. */
  forget(valueKey: string): void
  /** {@link forget} for all keys that begin like this. */
  forgetAll(root: string): void
  readonly span: Milliseconds
}

const mostRemembered = 1000
/** How often the span doubles. */
const mostDoublings = 5

export function createLoadFailures(span: Milliseconds, now: () => Milliseconds): LoadFailures {
  const failures = new Map<string, { error: unknown; times: number; until: Milliseconds }>()
  return {
    span,
    get: (key) => {
      const failure = failures.get(key)
      return failure !== undefined && now() < failure.until ? failure : undefined
    },
    add: (key, error) => {
      const times = (failures.get(key)?.times ?? -1) + 1
      failures.delete(key)
      if (failures.size >= mostRemembered) failures.delete(failures.keys().next().value as string)
      failures.set(key, { error, times, until: now() + span * 2 ** Math.min(times, mostDoublings) })
    },
    forget: (key) => void failures.delete(key),
    forgetAll: (root) => {
      for (const key of failures.keys()) if (key.startsWith(root)) failures.delete(key)
    },
  }
}
