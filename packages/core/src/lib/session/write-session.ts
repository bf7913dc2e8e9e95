import { lifeLeft, type Snapshot, snapshotOf } from './find-session.ts'
import { addMessages, type PendingFlash } from './flash.ts'
import { cookieEnd } from './read-session.ts'
import { refused } from './refused.ts'
import type { SessionLifetime } from './session.ts'
import type { SessionContext } from './session-context.ts'
import type { FieldChanges, SessionData } from './session-data.ts'
import { createdChannel } from './session-events.ts'
import { changedLifetime, type StoredLifetime } from './session-lifetime.ts'
import { becomeStored, becomeVisitor, type SessionState, type Standing } from './session-state.ts'
import { type ChangeMaker, layChanges, readAgain } from './session-writer.ts'
import { endField } from './system-fields.ts'
import { hashId, newId } from './token.ts'

/** What the application changed and flashed, on its way to the store. */
export interface TakenChanges {
  readonly isEmpty: boolean
  readonly changes: ChangeMaker
  /** It could not be stored: it is to be stored again. */
  restore(): void
}

/** Takes what is to be stored. */
export function takeChanges(state: SessionState, data: SessionData): TakenChanges {
  const own = data.takeChanges()
  const flashes = state.flashes.splice(0)
  return {
    isEmpty: own.size === 0 && flashes.length === 0,
    changes: mergedChanges(own, flashes),
    restore: () => {
      data.restoreChanges(own)
      state.flashes.unshift(...flashes)
    },
  }
}

function mergedChanges(own: FieldChanges, flashes: readonly PendingFlash[]): ChangeMaker {
  return (fields, won) => {
    const changes: FieldChanges = new Map(own)
    for (const name of won ?? []) {
      changes.delete(name)
      // The end was that of the value.
      changes.delete(endField(name))
    }
    addMessages(changes, fields, flashes)
    return changes
  }
}

/** How long a session lives that begins now, with what was said about it before there was one. */
export function firstLifetime(
  { idle, absolute, now }: SessionContext,
  lifetime: SessionLifetime | undefined,
): StoredLifetime {
  const time = now()
  const usual = { idle, ends: time + absolute }
  return lifetime === undefined ? usual : changedLifetime(lifetime, usual, time)
}

/** Lays changes on what is stored, or creates it. */
export async function writeSession(
  context: SessionContext,
  state: SessionState,
  changes: ChangeMaker,
  operation: string,
): Promise<void> {
  while (state.creating !== undefined) await state.creating.catch(() => {})
  const { standing } = state
  checkWritable(state, operation)
  if (standing.at !== 'stored') return createOnce(state, () => createSession(context, state, changes, operation))
  const snapshot = await context.writer.write(standing.snapshot, changes, operation)
  if (state.standing.at !== 'stored' || state.standing.token !== standing.token) return
  followTo(state, state.standing, snapshot)
}

/** Makes a first write, for which those that come meanwhile wait. */
export function createOnce(state: SessionState, work: () => Promise<void>): Promise<void> {
  state.creating = work().finally(() => {
    state.creating = undefined
  })
  return state.creating
}

/** Where a write has ended up: in the session as it was, or in the one that took over from it, whose cookie somebody else sets. */
export function followTo(state: SessionState, standing: Standing & { at: 'stored' }, snapshot: Snapshot): void {
  // A login came between and has taken the changes along. What else the user has is not for a visitor who came with the anonymous id.
  if (snapshot.won !== undefined) {
    becomeVisitor(state, 'renewed', { at: 'left', key: standing.key })
    return
  }
  state.standing = { ...standing, snapshot }
  state.data?.rebase(snapshot.record.fields)
}

/** Throws where nothing can be written, because of what the session's token led to. */
export function checkWritable({ standing }: SessionState, operation: string): void {
  if (standing.at === 'unreadable') throw refused('session-unreadable', operation, standing.key)
  if (standing.at === 'left') throw refused('session-ended', operation, standing.key)
  if (standing.at === 'unread') throw standing.error
}

async function createSession(
  context: SessionContext,
  state: SessionState,
  changes: ChangeMaker,
  operation: string,
): Promise<void> {
  const { keyspace, writer, now } = context
  const damaged = state.standing.at === 'corrupt' ? state.standing : undefined
  const fields = layChanges(new Map(), changes(new Map()))
  if (fields.size === 0 && state.nextId === undefined) return
  const created = now()
  const { idle, ends, own, persistent } =
    (damaged?.token as StoredLifetime | undefined) ?? firstLifetime(context, state.lifetime)
  const token = damaged?.token ?? { id: state.nextId ?? newId(), idle, ends: cookieEnd(ends, created) }
  const key = damaged?.key ?? hashId(token.id)
  const record = { kind: 'session', created, idle, ends, own, persistent, fields } as const
  const life = lifeLeft(record, created)
  if (life <= 0) throw refused('session-ended', operation, key)
  let snapshot: Snapshot = snapshotOf(keyspace, key, record)
  const isCreated = await keyspace.compareAndSet(key, damaged?.bytes ?? null, snapshot.bytes, life)
  if (isCreated) createdChannel.publish({ id: key })
  else {
    if (damaged === undefined) throw refused('conflict', operation, key)
    // Somebody else has replaced the damaged one.
    snapshot = await writer.write(await readAgain(keyspace, key, created, operation), changes, operation)
  }
  becomeStored(context, state, token, key, snapshot)
  // Whoever replaced it may have logged in since.
  if (snapshot.won !== undefined) becomeVisitor(state, 'renewed', { at: 'left', key })
}
