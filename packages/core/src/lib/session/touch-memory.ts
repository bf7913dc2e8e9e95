import type { Milliseconds } from '../store/transient-store.ts'

/** Whether a read of a session has to begin its idle time anew, because this process has not done so for a while. */
export type TouchIsDue = (key: string, now: Milliseconds, idle: Milliseconds) => boolean

/** How many sessions are remembered: who is forgotten is touched once more than needed. */
const mostRemembered = 10_000

/** Without a span every read touches. */
export function createTouchMemory(touchAfter: Milliseconds | undefined): TouchIsDue {
  if (touchAfter === undefined) return () => true
  const touched = new Map<string, Milliseconds>()
  return (key, now, idle) => {
    const last = touched.get(key)
    // A session may have a shorter idle time of its own, and has to be touched before that is over.
    const span = touchAfter < idle ? touchAfter : idle / 2
    if (last !== undefined && now - last < span && now >= last) return false
    // Deleted first, so that the order is that of the last touch.
    touched.delete(key)
    if (touched.size >= mostRemembered) touched.delete(touched.keys().next().value as string)
    touched.set(key, now)
    return true
  }
}
