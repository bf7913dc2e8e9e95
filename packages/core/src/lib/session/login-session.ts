import type { TransientError } from '../store/errors.ts'
import { lifeLeft, type Snapshot, snapshotOf } from './find-session.ts'
import { type StoredSession, stampLength } from './record.ts'
import type { SessionAttributes } from './session.ts'
import type { SessionContext } from './session-context.ts'
import { corruptChannel, endedChannel } from './session-events.ts'
import { type ChangeMaker, layChanges, readAgain, refused } from './session-writer.ts'
import { type IndexEntry, movedKeys, type ReadIndex } from './user-index.ts'

/** What a login is to do. */
export interface Login {
  /** The visitor's session, anonymous or of the same user; `undefined` if there is none whose data should go along. */
  readonly from: Snapshot | undefined
  /** The new hashed id. */
  readonly key: string
  /** The new session without its data. */
  readonly header: Omit<StoredSession, 'fields'> & { readonly user: string; readonly handle: string }
  readonly attributes: SessionAttributes
  readonly changes: ChangeMaker
}

const operation = 'session.login'

/**
 * Makes a session of a user: writes it, lists it, and only then turns the old one into a marker. From the list on it can be revoked, and
 * nobody has its token before all is done. Slow commits of the old session that come before the marker are merged, those that come after it
 * follow it.
 */
export async function loginSession(context: SessionContext, login: Login): Promise<Snapshot> {
  const { keyspace, users, now } = context
  const { from, key, header, attributes, changes } = login
  const before = from?.record.fields ?? new Map<string, string>()
  const first = snapshotOf(keyspace, key, { ...header, fields: layChanges(new Map(before), changes(before)) })
  const { user, handle, created, idle, ends } = header
  const moveOf = (listed: IndexEntry | undefined): readonly string[] =>
    from?.record.user === user ? movedKeys(listed?.keys ?? [from.key], from.key, key) : [key]
  const entryIn = ({ entries }: ReadIndex): IndexEntry => {
    const keys = moveOf(entries.find((other) => other.handle === handle))
    return { handle, keys, created, idle, ends, attributes }
  }
  const progress = { isTurning: false }
  try {
    const steps = [users.read(user), keyspace.set(key, first.bytes, lifeLeft(header, now()))] as const
    // Both have to be over before anything is cleared away.
    await Promise.allSettled(steps)
    const [index] = await Promise.all(steps)
    await users.change(index, (current) => admit(context, current, entryIn(current)), operation)
    return from === undefined ? first : await leaveMarker(context, login, first, from, progress)
  } catch (error) {
    // Where the answer about the marker was lost, it may lead to the new session already, which then has to stay.
    if (!progress.isTurning || (error as Partial<TransientError>).applied !== 'unknown') {
      await keyspace.delete(key).catch(() => {})
    }
    throw error
  }
}

/** Turns the session that the visitor had into a marker; gives the new one, with what was written to the old one meanwhile. */
async function leaveMarker(
  { keyspace, grace, deadline, now }: SessionContext,
  { key, header, changes }: Login,
  first: Snapshot,
  from: Snapshot,
  progress: { isTurning: boolean },
): Promise<Snapshot> {
  const due = performance.now() + deadline
  const won = [...changes(from.record.fields).keys()]
  let old = from
  let stored = first
  for (;;) {
    const time = now()
    const marker = keyspace.records.encode({ kind: 'marker', to: key, until: time + grace, won }, old.key)
    const life = Math.max(1, lifeLeft(old.record, time))
    progress.isTurning = true
    if (await keyspace.compareAndSet(old.key, old.bytes, marker, life, { stamp: stampLength })) return stored
    progress.isTurning = false
    if (performance.now() >= due) throw refused('conflict', operation, old.key)

    const newest = await readAgain(keyspace, old.key, now(), operation, { throughLogin: true })
    const isTaken = newest.won !== undefined
    // Another login was faster: of the same user it shares what the visitor had; of another one it has it alone.
    if (isTaken && newest.record.user !== header.user) return stored
    const fields = layChanges(new Map(newest.record.fields), changes(newest.record.fields))
    const next = snapshotOf(keyspace, key, { ...header, fields })
    // It is listed, so somebody may have ended it; nothing may bring it back.
    if (!(await keyspace.compareAndSet(key, stored.bytes, next.bytes, lifeLeft(header, now()), { stamp: stampLength })))
      throw refused('session-ended', operation, key)
    stored = next
    if (isTaken) return stored
    old = newest
  }
}

/** The list with the new entry; what is over leaves it, and if it is full, those who were seen least recently have to go. */
async function admit(
  { users, mostSessionsPerUser, now }: SessionContext,
  { key, entries, isCorrupt }: ReadIndex,
  entry: IndexEntry,
): Promise<readonly IndexEntry[]> {
  // The user must be able to log in; which sessions there were nobody knows any more.
  if (isCorrupt) corruptChannel.publish({ id: key })
  const time = now()
  const others = entries.filter(({ handle, ends }) => handle !== entry.handle && ends > time)
  if (others.length < mostSessionsPerUser) return [...others, entry]
  const seen = await users.lastSeen(others)
  const places = new Map(others.map((other, at) => [other, seen[at]]))
  const live = others.filter((other) => places.get(other) !== undefined)
  const byAge = [...live].sort((a, b) => (places.get(a) as number) - (places.get(b) as number))
  const surplus = new Set(byAge.slice(0, Math.max(0, live.length + 1 - mostSessionsPerUser)))
  if (surplus.size > 0) {
    await users.end([...surplus])
    for (const { keys } of surplus) endedChannel.publish({ id: keys[0] as string, reason: 'revoked' })
  }
  return [...live.filter((other) => !surplus.has(other)), entry]
}
