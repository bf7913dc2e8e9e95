/** A clock that stands still until it is told otherwise. */
export function handClock(start = 0) {
  let at = start
  return {
    now: () => at,
    advance(ms: number) {
      at += ms
    },
  }
}
