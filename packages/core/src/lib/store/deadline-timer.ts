import { misuse } from './checks.ts'
import type { Milliseconds } from './transient-store.ts'

interface Waiter {
  readonly due: Milliseconds
  readonly expire: () => void
}

/** Rejects with `makeError()` if the work is not done in time; otherwise ends as the work ends. The work itself goes on. */
export type Bound = <T>(work: Promise<T>, makeError: () => Error) => Promise<T>

/**
 * Bounds many promises by one span of time, with one timer: one `setTimeout` per call would cost several percent of a store's throughput.
 * A span beyond what a timer can keep is a `RangeError`.
 */
export function createDeadlineTimer(span: Milliseconds): Bound {
  if (span > 24 * 86_400_000) throw misuse(new RangeError('deadline must be at most 24 days'))
  // All have the same span, so the order in which they came is the order in which they fall due.
  const waiters = new Set<Waiter>()
  let timer: NodeJS.Timeout | undefined

  const schedule = (delay: Milliseconds) => {
    // Unreferenced: a pending call is kept alive by its own socket, not by the clock beside it.
    timer = setTimeout(check, delay).unref()
  }

  // After a stall of the event loop the answers may be in already: they are read before anyone is told of a timeout.
  // Not unreferenced: an event loop with nothing else to do would sleep on it until something else happens.
  const check = () => setImmediate(expireDue)

  const expireDue = () => {
    const now = performance.now()
    timer = undefined
    for (const waiter of waiters) {
      if (waiter.due > now) return schedule(Math.ceil(waiter.due - now))
      waiters.delete(waiter)
      waiter.expire()
    }
  }

  return (work, makeError) =>
    new Promise((resolve, reject) => {
      const waiter = { due: performance.now() + span, expire: () => reject(makeError()) }
      waiters.add(waiter)
      // It is left to run when the work ends early: it then finds the next one due, or none, which costs less than clearing.
      if (timer === undefined) schedule(span)
      work.then(
        (value) => {
          waiters.delete(waiter)
          resolve(value)
        },
        (error: unknown) => {
          waiters.delete(waiter)
          reject(error)
        },
      )
    })
}
