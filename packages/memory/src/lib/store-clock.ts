import type { Milliseconds } from '@transient/core/store'

/** The clock of a store. It begins at 1 and never goes back. */
export interface StoreClock {
  /** The time now. */
  exact(): Milliseconds
  /** The time for reads: of the default clock it may be that of the last reading, for one turn of the event loop or about a millisecond. */
  recent(): Milliseconds
}

// As they were when this file was read: a test runner's fake timers are others, and are asked each time.
const realPerformance = performance
const realTimeout = setTimeout

/** Reads that one reading serves: promises can keep the event loop from turning. */
const mostUses = 100

/**
 * The clock by `now`, exactly; or by `performance.now`, which takes a third as long as a whole read of the store and is therefore read once per
 * turn of the event loop where only reads depend on it.
 */
export function createStoreClock(now: (() => Milliseconds) | undefined): StoreClock {
  if (now !== undefined) {
    const exact = steady(now)
    return { exact, recent: exact }
  }
  const read = steady(() => performance.now())
  let reading = 0
  let uses = 0
  let isTurnWatched = false
  const exact = () => (reading = read())
  return {
    exact,
    recent: () => {
      if (uses > 0 && performance === realPerformance) {
        uses -= 1
        return reading
      }
      uses = mostUses
      if (!isTurnWatched) {
        isTurnWatched = true
        realTimeout(() => {
          isTurnWatched = false
          uses = 0
        }, 1).unref()
      }
      return exact()
    },
  }
}

// Where the clock is set back, this one stands still for that step and then goes on with it: a correction of an hour does not make
// anything live an hour longer.
function steady(now: () => Milliseconds): () => Milliseconds {
  let last = now()
  // 1 and not 0: lru-cache takes a start of 0 for "no expiry".
  let shift = 1 - last
  return () => {
    const reading = now()
    if (reading < last) shift += last - reading
    last = reading
    return reading + shift
  }
}
