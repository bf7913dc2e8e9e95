import type { TransientError } from '../store/errors.ts'
import type { Snapshot } from './find-session.ts'
import type { PendingFlash } from './flash.ts'
import type { OpenOptions, SessionEnd, SessionLifetime } from './session.ts'
import type { SessionContext } from './session-context.ts'
import { createSessionData, type SessionData } from './session-data.ts'
import { corruptChannel, invalidChannel, refusedChannel } from './session-events.ts'
import type { SessionToken, VerifiedToken } from './token.ts'

/** Where a session stands. Everything it can do follows from this. */
export type Standing =
  /** Nothing is stored for this visitor. */
  | { readonly at: 'visitor'; readonly text?: undefined }
  /** A token of ours came along; nothing was read yet. */
  | ({ readonly at: 'token'; readonly text: string } & VerifiedToken)
  /** `key`: the hashed id of the token; of the snapshot it is another one while a renewal's pointer is followed. */
  | {
      readonly at: 'stored'
      readonly token: SessionToken
      readonly text: string
      readonly key: string
      readonly snapshot: Snapshot
    }
  /** What is stored is damaged, and the next write replaces it. */
  | {
      readonly at: 'corrupt'
      readonly token: SessionToken
      readonly text?: undefined
      readonly key: string
      readonly bytes: Uint8Array
    }
  /** What is stored is not to be touched, so there is nothing to write either. */
  | { readonly at: 'unreadable'; readonly text?: undefined; readonly key: string }
  /** A login, or a renewal without grace, has just taken the session elsewhere, and the visitor's new cookie is on its way: a session now would take its place. */
  | { readonly at: 'left'; readonly text?: undefined; readonly key: string }
  /** The store could not be read, and the visitor is served all the same. */
  | ({ readonly at: 'unread'; readonly text: string; readonly error: TransientError } & VerifiedToken)

/** One session's own state, shared by the parts that make it up. */
export interface SessionState {
  readonly context: SessionContext
  readonly options: OpenOptions
  /** The read, under way or done. */
  loading: Promise<void> | undefined
  /** All that writes and has begun, done or not. */
  writing: Promise<unknown> | undefined
  standing: Standing
  endedBecause: SessionEnd | undefined
  /** `undefined` until the session is loaded. */
  data: SessionData | undefined
  /** Messages to be stored with the next write. */
  flashes: PendingFlash[]
  /** The id of a visitor's session to be, once something was made that counts on it. */
  nextId: string | undefined
  /** The lifetime of a visitor's session to be. */
  lifetime: SessionLifetime | undefined
  /** A first write under way: two at once must not become two sessions. */
  creating: Promise<void> | undefined
  isDestroyed: boolean
  isSealed: boolean
}

/** The state of a session that a text leads to, before anything was read. */
export function openState(context: SessionContext, text: string | undefined, options: OpenOptions): SessionState {
  const state: SessionState = {
    context,
    options,
    loading: undefined,
    writing: undefined,
    standing: { at: 'visitor' },
    endedBecause: undefined,
    data: undefined,
    flashes: [],
    nextId: undefined,
    lifetime: undefined,
    creating: undefined,
    isDestroyed: false,
    isSealed: false,
  }
  if (typeof text !== 'string' || text === '') return state
  const verdict = context.ring.verify(text)
  if (typeof verdict !== 'string') state.standing = { at: 'token', text, ...verdict }
  else {
    state.endedBecause = verdict
    refusedChannel.publish({ reason: verdict })
  }
  return state
}

/** Lays out the fields for the application, and gives what it works with. */
export function showFields(state: SessionState, fields: ReadonlyMap<string, string>, id?: string): SessionData {
  const { validate } = state.context
  const onCorrupt = (field: string) => {
    if (id !== undefined) corruptChannel.publish({ id, field })
  }
  const onInvalid = (field: string | undefined, error: unknown) => {
    if (id !== undefined) invalidChannel.publish({ id, field, error })
  }
  state.data = createSessionData(fields, onCorrupt, validate && { validate, onInvalid })
  if (state.isSealed) state.data.seal()
  return state.data
}

/** The session is stored, and `token` is the one that leads to it. */
export function becomeStored(
  { ring }: SessionContext,
  state: SessionState,
  token: SessionToken,
  key: string,
  snapshot: Snapshot,
): void {
  state.standing = { at: 'stored', token, text: ring.sign(token), key, snapshot }
  state.nextId = undefined
  state.lifetime = undefined
  state.endedBecause = undefined
  state.data?.rebase(snapshot.record.fields)
}

/** From here on there is no session. Gives the data of the visitor, which is empty. */
export function becomeVisitor(
  state: SessionState,
  reason: SessionEnd,
  standing: Standing = { at: 'visitor' },
): SessionData {
  state.standing = standing
  state.endedBecause = reason
  state.flashes = []
  return showFields(state, new Map())
}

/** The fields that the application works upon, as they were stored when they were seen last. */
export function storedFields({ standing }: SessionState): ReadonlyMap<string, string> {
  return standing.at === 'stored' ? standing.snapshot.record.fields : new Map()
}

/** The hashed id of what is stored, if anything is. */
export function keyOf(standing: Standing): string | undefined {
  if (standing.at === 'stored') return standing.snapshot.key
  return standing.at === 'visitor' ? undefined : standing.key
}
