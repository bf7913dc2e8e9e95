import { isTransientError, TransientError, type TransientErrorCode } from '../store/errors.ts'
import type { Milliseconds, TransientStore } from '../store/transient-store.ts'
import { withDeadline } from '../store/with-deadline.ts'

/**
 * Keeps a store that does not answer from slowing down every call. After several failures in a row nothing is asked for a while; then one call tries, and
 * the others still fail at once; if it comes through all may, if not the pause begins anew, twice as long.
 */
export interface StoreGuard {
  /** Runs a call of the store. Rejects with its error, or at once with `unavailable` while nothing is asked. */
  run<T>(operation: string, call: (store: TransientStore) => Promise<T>): Promise<T>
}

const mostFailures = 5
const firstPause = 500
const longestPause = 15_000

// What says that the store cannot be used now. The others are faults of one call.
const outages: ReadonlySet<TransientErrorCode> = new Set(['unavailable', 'timeout', 'closed', 'denied', 'unknown'])

export function createStoreGuard(
  store: TransientStore,
  deadline: Milliseconds,
  now: () => Milliseconds,
  onFailure: (error: TransientError) => void,
): StoreGuard {
  const bounded = withDeadline(store, deadline)
  let failures = 0
  let pause = firstPause
  let closedUntil = 0
  let isTrying = false
  let last: TransientError | undefined

  function refuse(operation: string): TransientError {
    const message = 'the store has failed several times in a row, and is not asked for a while'
    return new TransientError('unavailable', { operation, applied: 'no', message, cause: last })
  }

  return {
    run: async (operation, call) => {
      const isHalfOpen = failures >= mostFailures
      if (isHalfOpen) {
        if (isTrying || now() < closedUntil) throw refuse(operation)
        isTrying = true
      }
      try {
        const answer = await call(bounded)
        failures = 0
        pause = firstPause
        return answer
      } catch (error) {
        if (isTransientError(error)) {
          onFailure(error)
          if (outages.has(error.code)) {
            failures++
            last = error
            if (isHalfOpen) pause = Math.min(pause * 2, longestPause)
            if (failures >= mostFailures) closedUntil = now() + pause
          }
        }
        throw error
      } finally {
        if (isHalfOpen) isTrying = false
      }
    },
  }
}
