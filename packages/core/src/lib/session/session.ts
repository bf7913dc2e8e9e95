import type { Duration } from '../store/duration.ts'
import type { Milliseconds } from '../store/transient-store.ts'

/**
 * Why a visitor who showed a token has no session.
 *
 * - `expired`: idle for too long, or past the absolute end.
 * - `renewed`: the id was replaced, and its grace window is over. Said only as long as the store still has the old id; then `expired`.
 * - `logged-out`: by `destroy()` of this very session object.
 * - `tampered`: the token was not signed by any of the secrets, or is no token at all.
 * - `corrupt`: what was stored is damaged; the next write replaces it.
 * - `unreadable`: the token or the stored session is of a release, or signed by a secret, that is not known here.
 */
export type SessionEnd = 'expired' | 'renewed' | 'logged-out' | 'tampered' | 'corrupt' | 'unreadable'

/** Options of {@link Session.renew}. */
export interface RenewOptions {
  /**
   * How long requests that are in flight with the old id still reach the session. `false`: not at all, which is right where the
   * visitor gains rights, as at a login: whoever knew the old id must not gain them too. Default: `renewGrace` of the store.
   */
  readonly grace?: Duration | false
}

/** One visitor's session, as one request sees it. Made by {@link SessionStore.open}. */
export interface Session<Data extends object = Record<string, unknown>> {
  /**
   * Reads the session: one command, which also begins its idle time anew. Without a token, or with one that is not ours, no command.
   * Repeated and concurrent calls share one read. Rejects with the store's error (`unavailable`, `timeout`, …); the session is then
   * still not loaded, and may be loaded again.
   */
  load(): Promise<void>

  /**
   * The fields, to read and to change: `data.cart.push(…)`, `data.user = …`, `delete data.user`. Absent fields are `undefined`; a
   * field set to `undefined` is removed. Values have to have a JSON form. Throws `session-not-loaded` before {@link load}.
   */
  readonly data: Partial<Data>

  /**
   * Changes one field exactly: stored when the promise resolves, and `change` runs again with the newer value if somebody else wrote
   * meanwhile, so it must be synchronous and without side effects. Loads first if need be. `undefined` removes the field.
   * Afterwards {@link data} has the stored value: what was taken from this field before is no longer part of it.
   * An exception of `change` rejects, and nothing is stored. Rejects with `session-ended` if the session was ended elsewhere,
   * `conflict` or `timeout` if it could not be stored within the deadline.
   */
  update<Field extends keyof Data & string, Value extends Data[Field] | undefined>(
    field: Field,
    change: (current: Data[Field] | undefined) => Value,
  ): Promise<Value>

  /**
   * Stores the changed fields, and only those: fields that others changed meanwhile stay changed, and of two writes of one
   * field the later commit wins. Without a change it costs nothing. A new visitor's first change creates the session.
   * Rejects with `session-ended` if the session was ended elsewhere; nothing is then stored. After any rejection the changes
   * are still there to be committed again. Waits for what was begun before it, awaited or not, so that {@link token} is what the cookie
   * should carry; the errors of those are theirs.
   */
  commit(): Promise<void>

  /**
   * Gives the session a new id and keeps its data; uncommitted changes are stored with it. Where the visitor gains rights, renew first,
   * and give the rights to the session when the promise has resolved. If another request renews at the same moment, one of
   * them does, and the other follows it with {@link token} unchanged. Rejects with `session-ended` if the session is gone.
   * After a rejection the old id is valid as before, unless the answer was lost (`applied: 'unknown'`): then it may lead to the new one. A new
   * visitor's changes are committed.
   */
  renew(options?: RenewOptions): Promise<void>

  /**
   * Ends the session for everyone who has its token; works without a load, and costs one command. What was not committed is dropped. Afterwards
   * this is a new visitor's session. Of a session that is already gone it resolves too.
   */
  destroy(): Promise<void>

  /**
   * Stores what was changed as {@link commit} does, and lets no later change in: from now on a change of {@link data} or a call that
   * writes is an error `session-sealed`. For middleware, before the response leaves. `undefined` if there is nothing to wait for.
   */
  seal(): Promise<void> | undefined

  /** What the visitor's cookie should hold now; `undefined` for a visitor without a session. */
  readonly token: string | undefined
  /** The absolute end in milliseconds since 1970; `undefined` for a visitor without a session. */
  readonly expiresAt: Milliseconds | undefined
  /** Whether nothing is stored for this visitor. Before {@link load}: whether there was no token of ours. */
  readonly isNew: boolean
  /** Whether {@link data} can be used. */
  readonly isLoaded: boolean
  /** Whether {@link destroy} ended a session, so that the visitor's cookie should go unless {@link token} has a new one. */
  readonly isDestroyed: boolean
  /** Why the visitor's token leads to no session; `undefined` if it does, is not looked up yet, or there was none. */
  readonly endedBecause: SessionEnd | undefined
}
