import { misuse } from './checks.ts'
import type { Milliseconds } from './transient-store.ts'

/** One of those that wait, in the order in which they came. */
interface Waiter {
  due: Milliseconds
  expire: (() => void) | undefined
  before: Waiter | undefined
  after: Waiter | undefined
}

/** Rejects with `makeError()` if the work is not done in time; otherwise ends as the work ends. The work itself goes on. */
export type Bound = <T>(work: Promise<T>, makeError: () => Error) => Promise<T>

/**
 * Bounds many promises by one span of time, with one timer: one `setTimeout` per call would cost several percent of a store's throughput.
 * A span beyond what a timer can keep is a `RangeError`.
 */
export function createDeadlineTimer(span: Milliseconds): Bound {
  if (span > 24 * 86_400_000) throw misuse(new RangeError('deadline must be at most 24 days'))
  // All have the same span, so the order in which they came is the order in which they fall due. A list of our own, whose links are cut
  // when a waiter leaves: a Set that is filled and emptied all the time keeps whole requests alive in the tables that it has outgrown, until the
  // next full collection.
  let first: Waiter | undefined
  let last: Waiter | undefined
  let timer: NodeJS.Timeout | undefined

  const join = (waiter: Waiter) => {
    waiter.before = last
    if (last === undefined) first = waiter
    else last.after = waiter
    last = waiter
  }

  const leave = (waiter: Waiter) => {
    const { before, after } = waiter
    if (before === undefined) {
      if (first === waiter) first = after
    } else before.after = after
    if (after === undefined) {
      if (last === waiter) last = before
    } else after.before = before
    waiter.before = undefined
    waiter.after = undefined
    waiter.expire = undefined
  }

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
    while (first !== undefined) {
      if (first.due > now) return schedule(Math.ceil(first.due - now))
      const { expire } = first
      leave(first)
      expire?.()
    }
  }

  return (work, makeError) =>
    new Promise((resolve, reject) => {
      const waiter: Waiter = {
        due: performance.now() + span,
        expire: () => reject(makeError()),
        before: undefined,
        after: undefined,
      }
      join(waiter)
      // It is left to run when the work ends early: it then finds the next one due, or none, which costs less than clearing.
      if (timer === undefined) schedule(span)
      work.then(
        (value) => {
          leave(waiter)
          resolve(value)
        },
        (error: unknown) => {
          leave(waiter)
          reject(error)
        },
      )
    })
}
