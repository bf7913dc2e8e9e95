import { misuse } from '../store/checks.ts'
import { parseDuration } from '../store/duration.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { StoredSession } from './record.ts'
import type { SessionLifetime } from './session.ts'

/** The part of a record that says how long the session lives. */
export type StoredLifetime = Pick<StoredSession, 'idle' | 'ends' | 'own' | 'persistent'>

/**
 * How long a cookie lives at most: the longest that browsers give it. A session that lives longer gets a new one when half of that is over.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.5
 */
export const longestCookieLife = 400 * 86_400_000

const longestLife = 100 * 365 * 86_400_000

/** Refuses timeouts that are no use: a `RangeError`. */
export function checkTimeouts(idle: Milliseconds, absolute: Milliseconds): void {
  if (absolute > longestLife) throw misuse(new RangeError('absoluteTimeout must be at most 100 years'))
  if (idle > absolute) throw misuse(new RangeError('idleTimeout must not be longer than absoluteTimeout'))
}

/** The lifetime from `now` on, with what is left out as it was. */
export function changedLifetime(lifetime: SessionLifetime, before: StoredLifetime, now: Milliseconds): StoredLifetime {
  const { idleTimeout, absoluteTimeout, persistent = before.persistent } = lifetime
  if (persistent !== undefined && typeof persistent !== 'boolean')
    throw misuse(new TypeError('persistent must be true or false'))
  const idle = idleTimeout === undefined ? before.idle : parseDuration(idleTimeout, 'idleTimeout')
  const absolute = absoluteTimeout === undefined ? before.ends - now : parseDuration(absoluteTimeout, 'absoluteTimeout')
  if (idleTimeout !== undefined || absoluteTimeout !== undefined) checkTimeouts(idle, absolute)
  return { idle, ends: now + absolute, persistent, own: true }
}
