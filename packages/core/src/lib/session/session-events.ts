import { type Channel, channel } from 'node:diagnostics_channel'
import type { SessionEnd } from './session.ts'

/**
 * What is published on `node:diagnostics_channel`: nothing of a session's content, and of ids only hashes: of a session's the one under which the
 * store knows it, of a user's its SHA-256.
 */
export interface SessionEvent {
  readonly id: string
}

/** One field is damaged, or all of what is stored if there is no `field`. */
export interface SessionProblem extends SessionEvent {
  readonly field?: string
}

/** One field is not what the schema says, or all are not if there is no `field`. */
export interface SessionInvalid extends SessionEvent {
  readonly field?: string | undefined
  /** What the schema or `migrate` threw. It is the application's own, and may hold content. */
  readonly error?: unknown
}

/** A session has another id. */
export interface SessionRenewed extends SessionEvent {
  readonly from: string
}

/** A user logged in. */
export interface SessionLogin extends SessionEvent {
  readonly user: string
}

/** A session is over. Those that end by themselves are not told of: see {@link SessionRefused}. */
export interface SessionEnded extends SessionEvent {
  readonly reason: Extract<SessionEnd, 'logged-out' | 'revoked'>
}

/** A visitor came with a token that leads to no session. A tampered one has no id. */
export interface SessionRefused {
  readonly id?: string | undefined
  readonly reason: SessionEnd
}

/** The store has failed where an answer depended on it: the visitor is told so, or served without the session. */
export interface SessionFailure {
  /** The code of the error. */
  readonly code: string
  /** What failed: `get`, `session.commit` … */
  readonly operation: string
}

/** `transient:session:created`: a visitor's first write was stored. */
export const createdChannel = /* @__PURE__ */ channel('transient:session:created') as Channel<unknown, SessionEvent>
/** `transient:session:renewed` */
export const renewedChannel = /* @__PURE__ */ channel('transient:session:renewed') as Channel<unknown, SessionRenewed>
/** `transient:session:login` */
export const loginChannel = /* @__PURE__ */ channel('transient:session:login') as Channel<unknown, SessionLogin>
/** `transient:session:ended` */
export const endedChannel = /* @__PURE__ */ channel('transient:session:ended') as Channel<unknown, SessionEnded>
/** `transient:session:refused` */
export const refusedChannel = /* @__PURE__ */ channel('transient:session:refused') as Channel<unknown, SessionRefused>
/** `transient:session:corrupt`: what was stored is damaged; it is replaced by the next write. */
export const corruptChannel = /* @__PURE__ */ channel('transient:session:corrupt') as Channel<unknown, SessionProblem>
/** `transient:session:unreadable`: what is stored is of a release that this one does not know; it is left untouched. */
export const unreadableChannel = /* @__PURE__ */ channel('transient:session:unreadable') as Channel<
  unknown,
  SessionProblem
>
/** `transient:session:invalid`: what the schema refuses was set aside, until the application sets it; or `migrate` failed, and the session is unreadable. */
export const invalidChannel = /* @__PURE__ */ channel('transient:session:invalid') as Channel<unknown, SessionInvalid>
/** `transient:session:failed`: of reads that went on without the session; front ends publish there what they answer with an error. */
export const failedChannel = /* @__PURE__ */ channel('transient:session:failed') as Channel<unknown, SessionFailure>
