import type { Duration } from '../store/duration.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { Session, SessionAttributes, SessionEnd } from './session.ts'

/** A live session of a user, as `sessions.ofUser` lists it. Times are in milliseconds since 1970. */
export interface UserSession {
  /** Names the session in `revoke`; the same across renewals. It opens nothing, so a page may show it. */
  readonly handle: string
  /** When the user logged in. */
  readonly createdAt: Milliseconds
  /** When it was read or written last, at the earliest: it may be later by `touchAfter`, and by an idle time shortly before the absolute end. */
  readonly lastSeenAt: Milliseconds
  /** The absolute end. */
  readonly expiresAt: Milliseconds
  /** What `login()` was given. */
  readonly attributes: SessionAttributes
  /** Whether it is the session that was given as `current`. */
  readonly isCurrent: boolean
}

/** Options of `sessions.ofUser`. */
export interface UserSessionsOptions {
  /** The session that asks, to be marked in the list. */
  readonly current?: Pick<Session, 'handle'> | undefined
}

/** Which sessions of a user `sessions.revoke` ends. Default: all. */
export interface RevokeOptions {
  /** All but this one: a session, or its handle. */
  readonly except?: Pick<Session, 'handle'> | string | undefined
  /** This one alone, by its handle. */
  readonly only?: string | undefined
}

/** Options of `sessions.watch`. */
export interface SessionWatchOptions {
  /** How long an end can go unseen where the store does not tell of changes; at most half of `renewGrace`. Default `'10s'`. */
  readonly every?: Duration | undefined
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined
  /** Whether the watch keeps the session from going idle. Default: `true`, as an open connection is a visitor who is there. */
  readonly touch?: boolean | undefined
}

/** Called once, when a watched session is over. */
export type SessionEndListener = (reason: SessionEnd) => void
