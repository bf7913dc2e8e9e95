import { randomUUID } from 'node:crypto'
import type { TransientError } from '../store/errors.ts'
import { endSession } from './end-session.ts'
import { lifeLeft, type Snapshot, snapshotOf } from './find-session.ts'
import { type StoredSession, stampLength } from './record.ts'
import { refused } from './refused.ts'
import type { SessionAttributes } from './session.ts'
import type { SessionContext } from './session-context.ts'
import { corruptChannel, endedChannel } from './session-events.ts'
import { type ChangeMaker, layChanges, readAgain } from './session-writer.ts'
import { type IndexEntry, movedKeys, type ReadIndex } from './user-index.ts'

/** What a login is to do. */
export interface Login {
  /** The visitor's session, anonymous or of the same user; `undefined` if there is none whose data should go along. */
  readonly from: Snapshot | undefined
  /** The hashed id of the session of another user, which is over when this one begins. */
  readonly over: string | undefined
  /** The new hashed id. */
  readonly key: string
  /** The new session without its data. */
  readonly header: Omit<StoredSession, 'fields'> & { readonly user: string; readonly handle: string }
  readonly attributes: SessionAttributes
  readonly changes: ChangeMaker
}

const operation = 'session.login'
/** How long after a login the commits of requests that had loaded before it are still taken along. */
const slowestRequest = 60_000

/**
 * Makes a session of a user: writes it, lists it, and only then turns the old one into a marker. From the list on it can be revoked, and
 * nobody has its token before all is done. Slow commits of the old session that come before the marker are merged, those that come after it
 * follow it.
 */
export async function loginSession(context: SessionContext, login: Login): Promise<Snapshot> {
  const { keyspace, users, now } = context
  const { from, over, key, header, changes } = login
  const before = from?.record.fields ?? new Map<string, string>()
  const first = snapshotOf(keyspace, key, { ...header, fields: layChanges(new Map(before), changes(before)) })
  const progress = { isTurning: false }
  const pushedOut = new Set<string>()
  try {
    const steps = [users.read(header.user, operation), keyspace.set(key, first.bytes, lifeLeft(header, now()))] as const
    // Both have to be over before anything is cleared away.
    await Promise.allSettled(steps)
    const [index] = await Promise.all(steps)
    const isMove = from?.record.user === header.user
    const enter = (current: ReadIndex) => {
      const known = current.entries.find(({ handle }) => handle === header.handle)
      const keys = isMove ? movedKeys(known?.keys ?? [from.key], from.key, key) : [key]
      return admit(context, current, entryOf(login, keys), pushedOut)
    }
    await users.change(index, enter, operation)
    if (over !== undefined) await endSession(keyspace, over, now())
    return from === undefined ? first : await leaveMarker(context, login, first, from, progress)
  } catch (error) {
    // Where the answer about the marker was lost, it may lead to the new session already, which then has to stay.
    if (!progress.isTurning || (error as Partial<TransientError>).applied !== 'unknown') {
      await keyspace.delete(key).catch(() => {})
    }
    throw error
  }
}

function entryOf({ header, attributes }: Login, keys: readonly string[], handle = header.handle): IndexEntry {
  const { created, idle, ends } = header
  return { handle, keys, created, idle, ends, attributes }
}

/** Turns the session that the visitor had into a marker; gives the new one, with what was written to the old one meanwhile. */
async function leaveMarker(
  context: SessionContext,
  login: Login,
  first: Snapshot,
  from: Snapshot,
  progress: { isTurning: boolean },
): Promise<Snapshot> {
  const { keyspace, grace, deadline, now } = context
  const { key, changes } = login
  const isMove = from.record.user !== undefined
  const due = performance.now() + deadline
  const won = [...changes(from.record.fields).keys()]
  let old = from
  let stored = first
  for (;;) {
    const time = now()
    const mergesUntil = time + Math.max(grace, slowestRequest)
    const same = isMove || undefined
    const record = { kind: 'marker', to: key, until: time + grace, mergesUntil, same, won } as const
    const marker = keyspace.records.encode(record, old.key)
    progress.isTurning = true
    if (await keyspace.compareAndSet(old.key, old.bytes, marker, mergesUntil - time, { stamp: stampLength }))
      return stored
    progress.isTurning = false
    if (performance.now() >= due) throw refused('conflict', operation, old.key)

    const newest = await readAgain(keyspace, old.key, now(), operation, { throughLogin: true })
    const isTaken = newest.won !== undefined
    // Another login was faster: of the same user it shares what the visitor had; of another one it has it alone.
    if (isTaken && newest.record.user !== login.header.user) return stored
    let { handle } = login.header
    if (isMove && isTaken) handle = await listApart(context, login)
    else if (isMove && newest.key !== old.key) await listBeside(context, login, newest.key)
    const fields = layChanges(new Map(newest.record.fields), changes(newest.record.fields))
    const next = snapshotOf(keyspace, key, { ...login.header, handle, fields })
    // It is listed, so somebody may have ended it; nothing may bring it back.
    const left = lifeLeft(next.record, now())
    if (!(await keyspace.compareAndSet(key, stored.bytes, next.bytes, left, { stamp: stampLength })))
      throw refused('session-ended', operation, key)
    stored = next
    if (isTaken) return stored
    old = newest
  }
}

/** Lists the new session beside where the old one is now: who moved it there may have taken the new one off the list. */
async function listBeside({ users }: SessionContext, login: Login, old: string): Promise<void> {
  const { key, header } = login
  const relist = ({ bytes, entries, isCorrupt }: ReadIndex) => {
    const known = entries.find(({ handle }) => handle === header.handle)
    if (known === undefined && bytes !== null && !isCorrupt) throw refused('session-ended', operation, key)
    const keys = movedKeys(known?.keys ?? [old], old, key)
    return [...entries.filter((other) => other !== known), entryOf(login, keys)]
  }
  await users.change(await users.read(header.user, operation), relist, operation)
}

/** Gives the new session an entry of its own, since another login goes on under the handle; gives the new handle. */
async function listApart(context: SessionContext, login: Login): Promise<string> {
  const { key, header } = login
  const handle = randomUUID()
  const pushedOut = new Set<string>()
  const part = (index: ReadIndex) => {
    const entries = index.entries.map((entry) => ({ ...entry, keys: entry.keys.filter((other) => other !== key) }))
    return admit(context, { ...index, entries }, entryOf(login, [key], handle), pushedOut)
  }
  await context.users.change(await context.users.read(header.user, operation), part, operation)
  return handle
}

/**
 * The list with the new entry; what is over leaves it, and if it is full, those who were seen least recently have to go. `pushedOut`: who had to
 * already, before the list was found to have changed; their tombstones look like sessions that were seen just now.
 */
async function admit(
  { users, mostSessionsPerUser, now }: SessionContext,
  { key, entries, isCorrupt }: ReadIndex,
  entry: IndexEntry,
  pushedOut: Set<string>,
): Promise<readonly IndexEntry[]> {
  // The user must be able to log in; which sessions there were nobody knows any more.
  if (isCorrupt) corruptChannel.publish({ id: key })
  const time = now()
  const others = entries.filter(({ handle, ends }) => handle !== entry.handle && ends > time)
  if (others.length < mostSessionsPerUser && pushedOut.size === 0) return [...others, entry]
  // Whoever had to go may have been moving, and has to go from there too.
  const gone = others.filter(({ handle }) => pushedOut.has(handle))
  const rest = others.filter(({ handle }) => !pushedOut.has(handle))
  const seen = await users.lastSeen(rest)
  const places = new Map(rest.map((other, at) => [other, seen[at]]))
  const live = rest.filter((other) => places.get(other) !== undefined)
  const byAge = [...live].sort((a, b) => (places.get(a) as number) - (places.get(b) as number))
  const surplus = byAge.slice(0, Math.max(0, live.length + 1 - mostSessionsPerUser))
  if (surplus.length + gone.length > 0) await users.end([...surplus, ...gone])
  for (const { handle, keys } of surplus) {
    pushedOut.add(handle)
    endedChannel.publish({ id: keys[0] as string, reason: 'revoked' })
  }
  return [...live.filter(({ handle }) => !pushedOut.has(handle)), entry]
}
