import { randomUUID } from 'node:crypto'
import { misuse } from '../store/checks.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { endSession } from './end-session.ts'
import { loginSession } from './login-session.ts'
import { cookieEnd, endOf } from './read-session.ts'
import { renewSession } from './renew-session.ts'
import type { SessionAttributes, SessionLifetime } from './session.ts'
import type { SessionContext } from './session-context.ts'
import { parseField, type SessionData } from './session-data.ts'
import { endedChannel, loginChannel, renewedChannel } from './session-events.ts'
import { changedLifetime } from './session-lifetime.ts'
import { becomeStored, becomeVisitor, keyOf, type SessionState } from './session-state.ts'
import { endField, withoutEnded } from './system-fields.ts'
import { hashId, newId } from './token.ts'
import { checkWritable, createOnce, firstLifetime, followTo, takeChanges, writeSession } from './write-session.ts'

/** Gives the session a new id, and a lifetime if there is one. A visitor's changes are stored. */
export async function moveToNewId(
  context: SessionContext,
  state: SessionState,
  data: SessionData,
  operation: string,
  options: { grace: Milliseconds | false; lifetime?: SessionLifetime },
): Promise<void> {
  checkWritable(state, operation)
  await dropDamaged(context, state)
  const { standing } = state
  const taken = takeChanges(state, data)
  try {
    if (standing.at !== 'stored') {
      if (options.lifetime !== undefined) {
        const lifetime = { ...state.lifetime, ...options.lifetime }
        // Refused now if it makes no sense, and not at the first write.
        firstLifetime(context, lifetime)
        state.lifetime = lifetime
      }
      if (!taken.isEmpty) await writeSession(context, state, taken.changes, operation)
      return
    }
    const { snapshot: from } = standing
    const time = context.now()
    const lifetime = options.lifetime && changedLifetime(options.lifetime, from.record, time)
    const id = newId()
    const key = hashId(id)
    const { grace } = options
    const snapshot = await renewSession(context, { from, key, changes: taken.changes, lifetime, grace })
    if (snapshot.key === key) {
      // Of the session and not of the token that came along: that may be from before the lifetime was changed.
      const { idle } = snapshot.record
      const token = { id, idle, ends: cookieEnd(endOf(context, snapshot.record), time) }
      becomeStored(context, state, token, key, snapshot)
      renewedChannel.publish({ id: key, from: from.key })
    } else {
      // Somebody else renewed it, and sets the cookie.
      followTo(state, standing, snapshot)
    }
  } catch (error) {
    taken.restore()
    throw error
  }
}

/** Makes it the session of a user. */
export async function moveToUser(
  context: SessionContext,
  state: SessionState,
  data: SessionData,
  user: string,
  attributes: SessionAttributes,
  lifetime: SessionLifetime | undefined,
): Promise<void> {
  await dropDamaged(context, state)
  // A commit beside it, not awaited: two at once must not become two sessions.
  while (state.creating !== undefined) await state.creating.catch(() => {})
  // Whoever logs in just after another login has a right to a session of its own, but to nothing of the other one.
  if (state.standing.at !== 'left') checkWritable(state, 'session.login')
  const { standing } = state
  const snapshot = standing.at === 'stored' ? standing.snapshot : undefined
  const isOther = snapshot?.record.user !== undefined && snapshot.record.user !== user
  const from = isOther ? undefined : snapshot
  const over = isOther ? snapshot.key : undefined
  const created = context.now()
  const usual = from?.record.own ? from.record : firstLifetime(context, state.lifetime)
  const { idle, ends, own, persistent } = lifetime === undefined ? usual : changedLifetime(lifetime, usual, created)
  const token = { id: newId(), idle, ends: cookieEnd(ends, created) }
  const key = hashId(token.id)
  const handle = from?.record.user === user ? from.record.handle : undefined
  const lasting = { idle, ends, own, persistent }
  const header = { kind: 'session', created, ...lasting, user, handle: handle ?? randomUUID() } as const
  // Of another user's session nothing goes along, changes included: they may hold what was in it.
  const taken = isOther ? undefined : takeChanges(state, data)
  const changes = taken?.changes ?? (() => new Map())
  const move = async () => {
    const stored = await loginSession(context, { from, over, key, header, attributes, changes })
    if (over !== undefined) {
      endedChannel.publish({ id: over, reason: 'logged-out' })
      becomeVisitor(state, 'logged-out')
    }
    becomeStored(context, state, token, key, stored)
  }
  try {
    await (standing.at === 'stored' ? move() : createOnce(state, move))
  } catch (error) {
    taken?.restore()
    throw error
  }
  if (loginChannel.hasSubscribers) loginChannel.publish({ id: key, user: hashId(user) })
}

/** Ends the session, and begins an anonymous one with the fields to keep. */
export async function moveToVisitor(
  context: SessionContext,
  state: SessionState,
  operation: string,
  keep: readonly string[],
): Promise<void> {
  const key = keyOf(state.standing)
  const kept = new Map<string, unknown>()
  const ends = new Map<string, unknown>()
  if (key !== undefined && state.standing.at !== 'left') {
    const ended = await endSession(context.keyspace, key, context.now())
    state.isDestroyed = true
    if (ended !== undefined) endedChannel.publish({ id: key, reason: 'logged-out' })
    if (ended !== undefined) {
      const fields = withoutEnded(ended.fields, context.now())
      for (const name of keep) {
        // As the application sees them, if it has looked, else as they were stored.
        kept.set(name, state.data ? state.data.fields[name] : parseField(fields.get(name)))
        ends.set(endField(name), parseField(fields.get(endField(name))))
      }
    }
  }
  // After a login elsewhere there is still no session to put in the place of the one whose cookie is on its way.
  const data = becomeVisitor(state, 'logged-out', state.standing.at === 'left' ? state.standing : undefined)
  // What is read now is of the past, whatever becomes of the fields to keep.
  state.loading = Promise.resolve()
  for (const [name, value] of kept) if (value !== undefined) data.fields[name] = value
  for (const [name, end] of ends) if (end !== undefined) data.assign(name, end)
  const taken = takeChanges(state, data)
  try {
    if (!taken.isEmpty) await writeSession(context, state, taken.changes, operation)
  } catch (error) {
    taken.restore()
    throw error
  }
  state.endedBecause = 'logged-out'
}

/** What is damaged makes room for what comes in its place under another id. */
async function dropDamaged({ keyspace }: SessionContext, state: SessionState): Promise<void> {
  const { standing } = state
  if (standing.at !== 'corrupt') return
  await keyspace.compareAndSet(standing.key, standing.bytes, null)
  state.standing = { at: 'visitor' }
}

/** Refuses what is no list of field names: a `TypeError`. */
export function checkKeep(keep: unknown): asserts keep is readonly string[] {
  if (!Array.isArray(keep) || keep.some((name) => typeof name !== 'string'))
    throw misuse(new TypeError('keep must be an array of field names'))
}
