import type { EventEmitter } from 'node:events'

/**
 * A session store in the protocol of express-session, which @fastify/session speaks too.
 *
 * Each call takes a callback, which is called exactly once, never before the call has returned, with an error or `null` first. Without a callback it returns a
 * promise. An error is a `TransientError` (`unavailable`, `timeout`, …) without the id of the session, or a `TypeError` for what cannot be stored.
 * `connect` and `disconnect` are never emitted: in an outage each request is answered within the deadline.
 */
export interface ConnectStore extends EventEmitter {
  /**
   * The session, or nothing if it is absent or expired. One that is damaged is nothing too, so that the visitor gets a new one, and is reported on the channel
   * `transient:connect:corrupt` of `node:diagnostics_channel`.
   */
  get<Found extends object>(sid: string): Promise<Found | undefined>
  get<Found extends object>(sid: string, callback: (error: unknown, session?: Found | null) => void): void

  /**
   * Stores the session. What was loaded by `get` is laid, field by field, on what others stored meanwhile: of a field that both changed, the later call wins.
   * If the session was destroyed or expired meanwhile it stays so: the call fails with `session-ended`, or succeeds without a write if nothing but the
   * cookie was changed. A session that was not loaded is stored whatever is there. One whose cookie has expired is destroyed.
   */
  set(sid: string, session: object): Promise<void>
  set(sid: string, session: object, callback: ((error?: unknown) => void) | undefined): void

  /** Ends the session. An absent one is no error. */
  destroy(sid: string): Promise<void>
  destroy(sid: string, callback: ((error?: unknown) => void) | undefined): void

  /** Gives the session a new expiry, as its cookie says. Never brings it back; of an absent one it is no error. */
  touch(sid: string, session: object): Promise<void>
  touch(sid: string, session: object, callback: ((error?: unknown) => void) | undefined): void

  /** All sessions, each with its `id`; those of which nothing can be read are left out. `unsupported` where the store cannot list its keys. */
  all<Found extends object>(): Promise<(Found & { id: string })[]>
  all<Found extends object>(callback: (error: unknown, sessions?: (Found & { id: string })[] | null) => void): void

  /** The ids of all sessions. `unsupported` where the store cannot list its keys. */
  ids(): Promise<string[]>
  ids(callback: (error: unknown, ids?: string[] | null) => void): void

  /** How many sessions there are. `unsupported` where the store cannot list its keys. */
  length(): Promise<number>
  length(callback: (error: unknown, count?: number) => void): void

  /** Ends all sessions: every key under the prefix. `unsupported` where the store cannot list its keys. */
  clear(): Promise<void>
  clear(callback: ((error?: unknown) => void) | undefined): void

  /** For express-session: ends the session of a request and gives it a new one. */
  regenerate(request: object, callback: (error?: unknown) => void): void
  /** For express-session: a session that is not bound to a request, for a WebSocket for instance. Nothing if it is absent. */
  load<Found extends object>(sid: string, callback: (error: unknown, session?: Found) => void): void
  /** For express-session: makes what `get` gave the session of a request. */
  createSession<Made extends object>(request: object, session: object): Made
}
