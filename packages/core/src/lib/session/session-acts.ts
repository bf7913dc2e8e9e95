import { stringify } from '../codec/json.ts'
import { misuse } from '../store/checks.ts'
import { parseDuration } from '../store/duration.ts'
import { checkKeep, moveToNewId, moveToUser, moveToVisitor } from './move-session.ts'
import { readSession } from './read-session.ts'
import { refused } from './refused.ts'
import type { LoadOptions, LoginOptions, RenewOptions, SessionAttributes, SessionLifetime } from './session.ts'
import type { SessionData } from './session-data.ts'
import { type SessionState, storedFields } from './session-state.ts'
import { type ChangeMaker, layChanges } from './session-writer.ts'
import { isSystemField } from './system-fields.ts'
import { attributesOf, checkUserId } from './user-index.ts'
import { takeChanges, writeSession } from './write-session.ts'

export function loadSession(state: SessionState, options: LoadOptions = {}): Promise<void> {
  const { storeDown = state.options.storeDown } = options
  state.loading ??= readSession(state.context, state, { storeDown }).catch((error: unknown) => {
    state.loading = undefined
    throw mapped(state, error)
  })
  return state.loading
}

/** The data, for those who cannot wait for it. */
export function loadedData(state: SessionState, operation: string): SessionData {
  if (state.data === undefined) throw refused('session-not-loaded', operation)
  return state.data
}

/** Throws if it is too late for a change. */
export function checkOpen(state: SessionState, operation: string): void {
  if (state.isSealed) throw refused('session-sealed', operation)
}

/** The data after `load()`, for those who are about to write. */
export async function writableData(state: SessionState, operation: string): Promise<SessionData> {
  checkOpen(state, operation)
  if (state.data === undefined) await loadSession(state)
  return loadedData(state, operation)
}

/**
 * Runs what writes, a load that it needs included. Whoever comes later can wait for it, whether its caller does or not: when a
 * commit is done everything before it is stored, and the token is the one the cookie should carry.
 */
export function track<T>(state: SessionState, work: (earlier: Promise<unknown> | undefined) => Promise<T>): Promise<T> {
  const running = work(state.writing)
  state.writing = Promise.all([state.writing, running.catch(() => {})])
  if (state.options.mapError === undefined) return running
  return running.catch((error: unknown) => {
    throw mapped(state, error)
  })
}

function mapped({ options }: SessionState, error: unknown): unknown {
  return options.mapError === undefined ? error : options.mapError(error)
}

/** Stores what was changed; `undefined` if nothing was. */
function store(state: SessionState, operation: string): Promise<void> | undefined {
  if (state.data === undefined) return undefined
  const taken = takeChanges(state, state.data)
  const isWanted = state.nextId !== undefined && state.standing.at === 'visitor'
  if (taken.isEmpty && !isWanted) return undefined
  const stored = state.isSealed
    ? Promise.reject(refused('session-sealed', operation))
    : writeSession(state.context, state, taken.changes, operation)
  return stored.catch((error: unknown) => {
    taken.restore()
    throw error
  })
}

export function commitSession(state: SessionState): Promise<void> {
  return track(state, async (earlier) => {
    await store(state, 'session.commit')
    await earlier
  })
}

export function sealSession(state: SessionState): Promise<void> | undefined {
  let stored: Promise<void> | undefined
  try {
    stored = store(state, 'session.commit')
  } catch (error) {
    stored = Promise.reject(error)
  }
  state.isSealed = true
  state.data?.seal()
  if (stored === undefined && state.writing === undefined) return undefined
  return track(state, async (earlier) => {
    await stored
    await earlier
  })
}

export function updateField(
  state: SessionState,
  field: string,
  change: (current: unknown) => unknown,
): Promise<unknown> {
  return track(state, async () => {
    if (typeof field !== 'string') throw misuse(new TypeError('the field of an update must be a string'))
    if (isSystemField(field)) throw misuse(new TypeError('the name of a field must not begin with U+0000'))
    if (typeof change !== 'function') throw misuse(new TypeError('the change of an update must be a function'))
    const data = await writableData(state, 'session.update')
    // An uncommitted change of the same field goes along: `change` builds upon it.
    const own = data.takeChanges(field)
    // Looked at, so that damage to it is reported.
    void data.fields[field]
    let text: string | undefined
    const changes: ChangeMaker = (fields) => {
      const value = change(data.valueIn(own.size === 0 ? fields : layChanges(new Map(fields), own), field))
      if (value instanceof Promise) throw misuse(new TypeError('the change of an update must be synchronous'))
      text = value === undefined ? undefined : stringify(value, `session.data.${field}`)
      return new Map([[field, text]])
    }
    const before = storedFields(state)
    try {
      await writeSession(state.context, state, changes, 'session.update')
    } catch (error) {
      data.restoreChanges(own)
      throw error
    }
    // It went to the session of a user who logged in meanwhile, and what that one has is not for who came with the anonymous id.
    if (state.standing.at === 'left') changes(before)
    return data.replace(field, text)
  })
}

export function renewId(state: SessionState, { grace = state.context.grace }: RenewOptions = {}): Promise<void> {
  return track(state, async (earlier) => {
    // No pointer outlives the longest session.
    const span = grace === false ? false : Math.min(parseDuration(grace, 'grace'), state.context.absolute)
    const data = await writableData(state, 'session.renew')
    await earlier
    await moveToNewId(state.context, state, data, 'session.renew', { grace: span })
  })
}

export function changeLifetime(state: SessionState, lifetime: SessionLifetime): Promise<void> {
  return track(state, async (earlier) => {
    const data = await writableData(state, 'session.setLifetime')
    await earlier
    const { context } = state
    await moveToNewId(context, state, data, 'session.setLifetime', { grace: context.grace, lifetime })
  })
}

export function logIn(
  state: SessionState,
  user: string,
  attributes: SessionAttributes = {},
  { lifetime }: LoginOptions = {},
): Promise<void> {
  return track(state, async (earlier) => {
    checkUserId(user)
    const told = attributesOf(attributes)
    const data = await writableData(state, 'session.login')
    await earlier
    await moveToUser(state.context, state, data, user, told, lifetime)
  })
}

export function logOut(state: SessionState, operation: string, keep: unknown): Promise<void> {
  return track(state, async (earlier) => {
    checkKeep(keep)
    checkOpen(state, operation)
    await earlier
    await moveToVisitor(state.context, state, operation, keep)
  })
}
