import { misuse } from '../store/checks.ts'
import { type Duration, parseDuration } from '../store/duration.ts'
import type {
  FlashOptions,
  LoadOptions,
  LoginOptions,
  LogoutOptions,
  OpenOptions,
  RenewOptions,
  Session,
  SessionAttributes,
  SessionLifetime,
} from './session.ts'
import {
  changeLifetime,
  checkOpen,
  commitSession,
  loadedData,
  loadSession,
  logIn,
  logOut,
  renewId,
  sealSession,
  updateField,
} from './session-acts.ts'
import type { SessionContext } from './session-context.ts'
import { issueToken, verifyToken } from './session-csrf.ts'
import { leaveFlash, peekFlash, takeFlash } from './session-flash.ts'
import { openState, type SessionState } from './session-state.ts'
import { endField, isSystemField } from './system-fields.ts'

const stateKey = Symbol('state')

interface Opened {
  readonly [stateKey]: SessionState
}

/**
 * What all sessions can do. One object for all of them: closures and getters made for each request would cost more than the rest of
 * a read.
 */
const createAbilities = () => ({
  load(this: Opened, options?: LoadOptions) {
    return loadSession(this[stateKey], options)
  },
  get data() {
    return loadedData(stateOf(this), 'session.data').fields
  },
  update(this: Opened, field: string, change: (current: unknown) => unknown) {
    return updateField(this[stateKey], field, change)
  },
  commit(this: Opened) {
    return commitSession(this[stateKey])
  },
  renew(this: Opened, options?: RenewOptions) {
    return renewId(this[stateKey], options)
  },
  setLifetime(this: Opened, lifetime: SessionLifetime) {
    return changeLifetime(this[stateKey], lifetime)
  },
  login(this: Opened, user: string, attributes?: SessionAttributes, options?: LoginOptions) {
    return logIn(this[stateKey], user, attributes, options)
  },
  logout(this: Opened, { keep = [] }: LogoutOptions<Record<string, unknown>> = {}) {
    return logOut(this[stateKey], 'session.logout', keep)
  },
  destroy(this: Opened) {
    return logOut(this[stateKey], 'session.destroy', [])
  },
  flash(this: Opened, message: unknown, options?: FlashOptions) {
    leaveFlash(this[stateKey], message, options)
  },
  peekFlash(this: Opened, queue?: string) {
    return peekFlash(this[stateKey], queue)
  },
  takeFlash(this: Opened, queue?: string) {
    return takeFlash(this[stateKey], queue)
  },
  csrfToken(this: Opened) {
    return issueToken(this[stateKey])
  },
  verifyCsrfToken(this: Opened, text: unknown) {
    return verifyToken(this[stateKey], text)
  },
  expireField(this: Opened, field: string, after: Duration) {
    const state = this[stateKey]
    checkOpen(state, 'session.expireField')
    if (typeof field !== 'string' || isSystemField(field))
      throw misuse(new TypeError('the field to expire must be the name of a field'))
    const span = parseDuration(after, 'after')
    if (!Number.isFinite(span)) throw misuse(new RangeError('after must be finite'))
    loadedData(state, 'session.expireField').assign(endField(field), state.context.now() + span)
  },
  seal(this: Opened) {
    return sealSession(this[stateKey])
  },
  get token() {
    return stateOf(this).standing.text
  },
  get expiresAt() {
    const { standing } = stateOf(this)
    return standing.text === undefined ? undefined : standing.token.ends
  },
  get isNew() {
    return stateOf(this).standing.text === undefined
  },
  get isLoaded() {
    return stateOf(this).data !== undefined
  },
  get isDestroyed() {
    return stateOf(this).isDestroyed
  },
  get userId() {
    return recordOf(this)?.user
  },
  get handle() {
    return recordOf(this)?.handle
  },
  get isPersistent() {
    return recordOf(this)?.persistent
  },
  get endedBecause() {
    return stateOf(this).endedBecause
  },
  get readFailure() {
    const { standing } = stateOf(this)
    return standing.at === 'unread' ? standing.error : undefined
  },
  /** What `console.log` shows: not the secrets behind it. */
  [Symbol.for('nodejs.util.inspect.custom')](this: Opened) {
    const { standing, data, endedBecause, isDestroyed } = this[stateKey]
    return { at: standing.at, userId: recordOf(this)?.user, data: data?.fields, endedBecause, isDestroyed }
  },
})

// Marked for bundlers, which would keep all of it in applications that have no sessions.
const abilities = /* @__PURE__ */ createAbilities()

function stateOf(session: object): SessionState {
  return (session as Opened)[stateKey]
}

function recordOf(session: object) {
  const { standing } = stateOf(session)
  return standing.at === 'stored' ? standing.snapshot.record : undefined
}

/** A session that nobody has read yet. */
export function openSession<Data extends object, Message>(
  context: SessionContext,
  text: string | undefined,
  options: OpenOptions = {},
): Session<Data, Message> {
  const state = openState(context, text, options)
  // The compiler takes `__proto__` in a literal for a property like any other.
  return { __proto__: abilities, [stateKey]: state } as unknown as Session<Data, Message>
}
