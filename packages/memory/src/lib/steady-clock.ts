import type { Milliseconds } from '@transient/core/store'

/**
 * A clock made of another one, that begins at 1 and never goes back. Where the other is set back, this one stands still for
 * that step and then goes on with it: a correction of an hour does not make anything live an hour longer.
 */
export function steadyClock(now: () => Milliseconds): () => Milliseconds {
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
