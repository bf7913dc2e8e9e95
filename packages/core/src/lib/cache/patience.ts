import { TransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { CallOptions } from './call-options.ts'

/** How long one caller waits. */
export interface Patience {
  /** Throws if it is over. */
  check(): void
  /** Ends as the work does, or when it is over. */
  bound<T>(work: Promise<T>): Promise<T>
  /** Ends as the work does, or when the caller wants nothing any more. */
  unlessGivenUp<T>(work: Promise<T>): Promise<T>
  /** Whether {@link bound} has ended because it was. */
  isOver(): boolean
  /** Whether the caller wants nothing any more. */
  gaveUp(): boolean
}

/** The error of a caller that has waited long enough. */
function waitedTooLong(span: Milliseconds): TransientError {
  return new TransientError('timeout', { operation: 'cache.getOrSet', message: `no value within ${span} ms` })
}

export function createPatience({ hardTimeout, signal }: CallOptions): Patience {
  if (hardTimeout === undefined && signal === undefined) {
    const bound = <T>(work: Promise<T>) => work
    return { check: () => {}, bound, unlessGivenUp: bound, isOver: () => false, gaveUp: () => false }
  }
  const due = hardTimeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + hardTimeout
  let isOver = false

  const until = <T>(work: Promise<T>, most: Milliseconds): Promise<T> =>
    new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        settle()
      }
      const giveUp = (error: unknown) =>
        end(() => {
          isOver = true
          reject(error)
        })
      const abort = () => giveUp(signal?.reason)
      const timer = Number.isFinite(most)
        ? setTimeout(() => giveUp(waitedTooLong(hardTimeout as Milliseconds)), most - performance.now())
        : undefined
      signal?.addEventListener('abort', abort)
      work.then(
        (value) => end(() => resolve(value)),
        (error: unknown) => end(() => reject(error)),
      )
      if (signal?.aborted) abort()
    })

  return {
    check: () => {
      signal?.throwIfAborted()
      if (performance.now() >= due) throw waitedTooLong(hardTimeout as Milliseconds)
    },
    bound: (work) => until(work, due),
    unlessGivenUp: (work) => until(work, Number.POSITIVE_INFINITY),
    isOver: () => isOver,
    gaveUp: () => signal?.aborted === true,
  }
}
