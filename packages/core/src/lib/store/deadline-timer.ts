import type { Milliseconds } from './transient-store.ts'

interface Waiter {
  readonly due: Milliseconds
  readonly expire: () => void
  done: boolean
}

/**
 * Bounds many promises by one span of time with one timer: all of them have the same span, so they fall due in the order in which they
 * came. One `setTimeout` per call would cost several percent of a store's throughput.
 */
export function createDeadlineTimer(span: Milliseconds): {
  bound<T>(work: Promise<T>, makeError: () => Error): Promise<T>
} {
  // A queue in an array: the head moves on, and the array is cut when it has been walked.
  let queue: Waiter[] = []
  let head = 0
  let timer: NodeJS.Timeout | undefined

  const skipDone = () => {
    while (head < queue.length && queue[head]?.done) head++
    if (head === queue.length) {
      queue = []
      head = 0
    } else if (head > 1024) {
      queue = queue.slice(head)
      head = 0
    }
  }

  const schedule = (delay: Milliseconds) => {
    // Unreferenced: a pending call is kept alive by its own socket, not by the clock beside it.
    timer = setTimeout(check, delay).unref()
  }

  // After a stall of the event loop the answers may be in already: they are read before anyone is told of a timeout.
  const check = () => setImmediate(expireDue).unref()

  const expireDue = () => {
    timer = undefined
    skipDone()
    const now = performance.now()
    for (let waiter = queue[head]; waiter !== undefined && waiter.due <= now; waiter = queue[head]) {
      waiter.done = true
      waiter.expire()
      skipDone()
    }
    const next = queue[head]
    if (next !== undefined) schedule(Math.max(1, Math.ceil(next.due - now)))
  }

  return {
    bound: (work, makeError) =>
      new Promise((resolve, reject) => {
        const waiter: Waiter = { due: performance.now() + span, expire: () => reject(makeError()), done: false }
        queue.push(waiter)
        // The timer is left to run when work ends early: it finds the next one due, or nothing, and costs no clearing.
        if (timer === undefined) schedule(span)
        const settle = () => {
          waiter.done = true
        }
        work.then(
          (value) => {
            settle()
            resolve(value)
          },
          (error: unknown) => {
            settle()
            reject(error)
          },
        )
      }),
  }
}
