import type { Duration } from '../store/duration.ts'
import type { TransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'

/**
 * Why a visitor who showed a token has no session.
 *
 * - `expired`: idle for too long, or past the absolute end.
 * - `revoked`: ended from elsewhere, by `revoke()` or because the user had too many sessions. Said for a day at most; then `expired`.
 * - `renewed`: the id was replaced: by a renewal whose grace window is over, by one without grace, or by a login. Said only as long as the store still has the old id; then `expired`.
 * - `logged-out`: by `logout()` or `destroy()` of this very session object.
 * - `tampered`: the token was not signed by any of the secrets, or is no token at all.
 * - `corrupt`: what was stored is damaged; the next write replaces it.
 * - `unreadable`: the token or the stored session is of a release, or signed by a secret, that is not known here.
 */
export type SessionEnd = 'expired' | 'revoked' | 'renewed' | 'logged-out' | 'tampered' | 'corrupt' | 'unreadable'

/** Options of {@link Session.load}. */
export interface LoadOptions {
  /**
   * What happens if the store cannot be read. `'throw'`: `load()` rejects. `'anonymous'`: the visitor is treated as nobody in particular,
   * {@link Session.readFailure} has the reason, and whatever would write rejects with it, so that no new session is put in place of one
   * that could not be read. Default: `'throw'`.
   */
  readonly storeDown?: 'throw' | 'anonymous' | undefined
}

/** Options of {@link SessionStore.open}, for those who write middleware. Looked at whenever they are needed. */
export interface OpenOptions {
  /** What {@link Session.load} does if it is not told, and any method that loads first. Default: `'throw'`. */
  readonly storeDown?: 'throw' | 'anonymous' | undefined
  /** What a method of the session rejects with, in place of the error; to put a status on it, for instance. Default: the error. */
  readonly mapError?: ((error: unknown) => unknown) | undefined
}

/** How long a session lives. What is left out stays as it is. */
export interface SessionLifetime {
  /** A session that nobody reads for this long ends. */
  readonly idleTimeout?: Duration | undefined
  /** The session ends this long after now, whatever happens. */
  readonly absoluteTimeout?: Duration | undefined
  /** Whether the cookie stays when the browser closes ("remember me"). */
  readonly persistent?: boolean | undefined
}

/** What the application wants to know of a session when it lists those of a user: the device, the address. Anything with a JSON form. */
export type SessionAttributes = Readonly<Record<string, unknown>>

/** Options of {@link Session.login}. */
export interface LoginOptions {
  /** As by {@link Session.setLifetime}, in the same step. */
  readonly lifetime?: SessionLifetime | undefined
}

/** Options of {@link Session.logout}. */
export interface LogoutOptions<Data extends object> {
  /** The fields that the visitor takes along into an anonymous session, the language for instance. Default: none. */
  readonly keep?: readonly (keyof Data & string)[] | undefined
}

/** Options of {@link Session.flash}. */
export interface FlashOptions {
  /** Messages of another queue are taken by those who ask for it. Default: `''`. */
  readonly queue?: string | undefined
  /** How a page presents it. Default: `'info'`. */
  readonly kind?: FlashKind | undefined
  /** `false`: not if the queue has the same message of the same kind already. Default: `true`. */
  readonly allowDuplicate?: boolean | undefined
}

/** The usual kinds, or any other word. */
export type FlashKind = 'info' | 'success' | 'warning' | 'error' | (string & {})

/** One message for the visitor's next page. */
export interface FlashMessage<Message = string> {
  readonly kind: FlashKind
  readonly message: Message
}

/** Options of {@link Session.renew}. */
export interface RenewOptions {
  /**
   * How long requests that are in flight with the old id still reach the session. `false`: not at all, which is right where the
   * visitor gains rights: whoever knew the old id must not gain them too. Default: `renewGrace` of the store.
   */
  readonly grace?: Duration | false
}

/**
 * One visitor's session, as one request sees it. Made by {@link SessionStore.open}. `Data` is what the application stores, `Message` what it
 * flashes. Its methods are to be called on it, not taken out of it.
 */
export interface Session<Data extends object = Record<string, unknown>, Message = string> {
  /**
   * Reads the session: one command, which also begins its idle time anew. Without a token, or with one that is not ours, no command.
   * Repeated and concurrent calls share one read. Rejects with the store's error (`unavailable`, `timeout`, …); the session is then
   * still not loaded, and may be loaded again.
   */
  load(options?: LoadOptions): Promise<void>

  /**
   * The fields, to read and to change: `data.cart.push(…)`, `data.user = …`, `delete data.user`. Absent fields are `undefined`; a
   * field set to `undefined` is removed. Values have to have a JSON form. Throws `session-not-loaded` before {@link load}.
   */
  readonly data: Partial<Data>

  /**
   * Changes one field exactly: stored when the promise resolves, and `change` runs again with the newer value if somebody else wrote
   * meanwhile, so it must be synchronous and without side effects. Loads first if need be. `undefined` removes the field.
   * Afterwards {@link data} has the stored value: what was taken from this field before is no longer part of it. If the visitor logged in meanwhile, it is
   * the user's field that `change` is given and changes; the promise then resolves with what it makes of the field as it was before.
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
   * them does, and the other follows it with {@link token} unchanged; it rejects with `session-ended` if the first leaves no grace. Rejects with `session-ended` if the session is gone.
   * After a rejection the old id is valid as before, unless the answer was lost (`applied: 'unknown'`): then it may lead to the new one. A new
   * visitor's changes are committed.
   */
  renew(options?: RenewOptions): Promise<void>

  /**
   * Makes this the session of a user, under a new id: list it with `sessions.ofUser`, end it with `sessions.revoke`. Loads first if need be; uncommitted
   * changes and flash messages go along, and of what slower requests of the anonymous visitor still commit only what the login did not
   * change itself. The old id leads to no session from then on: no request that arrives with it gains what the user has. A session of
   * another user ends, and nothing of it goes along, not even what was changed and not committed; of the same user it goes on, with these attributes. The
   * absolute timeout begins anew, unless {@link setLifetime} has said how long the session lives.
   *
   * Resolves when the session is stored and listed: from then on every `revoke` ends it. Rejects with `session-ended` if the
   * anonymous session ended at the same moment; the visitor is then not logged in. Revoked at the same moment, it may resolve all the same, and be dead. A user id that is no well-formed text of 1 to 512 characters is a `TypeError`.
   */
  login(userId: string, attributes?: SessionAttributes, options?: LoginOptions): Promise<void>

  /**
   * Ends the session for everyone who has its token, as {@link destroy} does, and gives the visitor a new, anonymous one with the fields
   * to keep, if there are any. Works without a load. Of a session that is already gone it resolves too, and keeps nothing.
   */
  logout(options?: LogoutOptions<Data>): Promise<void>

  /**
   * How long this session lives from now on ("remember me"); the id is renewed, because the lifetime rides in the token. Loads first if need
   * be. Of a new visitor's session it takes effect when the first change is committed.
   */
  setLifetime(lifetime: SessionLifetime): Promise<void>

  /**
   * Lets one field end before the session does, from now on: a recent password entry, a one-time offer. It is absent for whoever loads the
   * session after that. Stored by the next {@link commit}. A field that is assigned anew has no end of its own until it gets one again; `update`
   * and changes inside the field keep it.
   */
  expireField(field: keyof Data & string, after: Duration): void

  /**
   * Leaves a message for the visitor's next page, stored by the next {@link commit}; two requests that flash at once both do. The
   * session has to be loaded. Messages outlive {@link renew} and {@link login}, not {@link logout}.
   */
  flash(message: Message, options?: FlashOptions): void

  /** The messages of the queue that are waiting as far as this session knows, oldest first. They stay. The session has to be loaded. */
  peekFlash(queue?: string): readonly FlashMessage<Message>[]

  /**
   * The messages of the queue, oldest first, after they were removed from the store: of requests at the same moment one gets them, and if the answer
   * is lost none does. Loads first if need be. Of an empty queue it costs nothing.
   */
  takeFlash(queue?: string): Promise<readonly FlashMessage<Message>[]>

  /**
   * What a form or a script has to send along to prove that it comes from a page of this visitor. Another text each time, all of them good until
   * the id of the session changes. A new visitor gets a session by it, with the next {@link commit}.
   */
  csrfToken(): string

  /** Whether this is a text of {@link csrfToken} of this session, compared in constant time. Anything else is `false`, never an error. */
  verifyCsrfToken(text: unknown): boolean

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
  /** Who logged in; `undefined` for an anonymous visitor and before {@link load}. */
  readonly userId: string | undefined
  /** The name of this session in the list of its user; the same across renewals. `undefined` for an anonymous visitor. */
  readonly handle: string | undefined
  /** Whether the cookie should stay when the browser closes, as said by {@link setLifetime}; `undefined` if nothing was said. */
  readonly isPersistent: boolean | undefined
  /** Until when the cookie may be kept, in milliseconds since 1970: the absolute end, at most 400 days away; `undefined` for a visitor without a session. */
  readonly expiresAt: Milliseconds | undefined
  /** Whether nothing is stored for this visitor. Before {@link load}: whether there was no token of ours. */
  readonly isNew: boolean
  /** Whether {@link data} can be used. */
  readonly isLoaded: boolean
  /** Whether {@link destroy} ended a session, so that the visitor's cookie should go unless {@link token} has a new one. */
  readonly isDestroyed: boolean
  /** Why the visitor's token leads to no session; `undefined` if it does, is not looked up yet, or there was none. */
  readonly endedBecause: SessionEnd | undefined
  /** Why the session could not be read, where {@link LoadOptions.storeDown} is `'anonymous'`; else `undefined`. */
  readonly readFailure: TransientError | undefined
}
