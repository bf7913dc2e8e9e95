import type { TransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { lifeLeft, type Snapshot, snapshotOf } from './find-session.ts'
import { stampLength } from './record.ts'
import { refused } from './refused.ts'
import type { SessionContext } from './session-context.ts'
import type { StoredLifetime } from './session-lifetime.ts'
import { type ChangeMaker, layChanges, readAgain } from './session-writer.ts'
import { movedKeys, type ReadIndex } from './user-index.ts'

/** What a renewal is to do. */
export interface Renewal {
  readonly from: Snapshot
  /** The new hashed id. */
  readonly key: string
  readonly changes: ChangeMaker
  /** What the session's lifetime is from now on, if it is to change. */
  readonly lifetime: StoredLifetime | undefined
  readonly grace: Milliseconds | false
}

const operation = 'session.renew'

/**
 * Moves a session to a new key, with the changes laid on. The new one is written first, and a user's is listed; what turns the old one into a pointer
 * (or, without grace, closes it) is a `compareAndSet`, so that a write that came between is seen, and taken along in another round.
 *
 * If someone else renewed meanwhile, the session follows there; without grace it moves on from there, because then the
 * point is that nobody who knew the old id is left with the new rights.
 */
export async function renewSession(context: SessionContext, renewal: Renewal): Promise<Snapshot> {
  const { keyspace, writer, deadline, now } = context
  const { from, key, changes, lifetime, grace } = renewal
  const due = performance.now() + deadline
  let old = from
  let written: Snapshot | undefined
  // The id beside which the new one is listed: who moves the session on from another one may have taken it off the list.
  let listedBeside: string | undefined
  let isTurning = false
  try {
    for (;;) {
      const fields = layChanges(new Map(old.record.fields), changes(old.record.fields))
      const next = snapshotOf(keyspace, key, { ...old.record, ...lifetime, fields })
      const time = now()
      const life = lifeLeft(next.record, time)
      if (life <= 0) throw refused('session-ended', operation, old.key)
      const isToList = next.record.user !== undefined && listedBeside !== old.key
      const index = await write(context, written, next, life, isToList)
      written = next
      const isCurrent = index === undefined || (await list(context, index, old.key, next))
      if (isCurrent) {
        listedBeside = old.key
        const left =
          grace === false
            ? ({ kind: 'closed', to: old.record.user && key, until: time + context.grace } as const)
            : ({ kind: 'pointer', to: key, until: time + grace } as const)
        const bytes = keyspace.records.encode(left, old.key)
        isTurning = true
        if (await keyspace.compareAndSet(old.key, old.bytes, bytes, grace || context.grace, { stamp: stampLength }))
          return next
        isTurning = false
      }
      if (performance.now() >= due) throw refused('conflict', operation, old.key)

      const newest = await readAgain(keyspace, old.key, now(), operation)
      if (newest.key !== old.key && grace !== false) {
        await keyspace.delete(key)
        return await writer.write(newest, changes, operation)
      }
      if (newest.key === old.key && !isCurrent) {
        // Not listed, so whoever ended this user's sessions did not see it.
        await keyspace.compareAndSet(
          old.key,
          newest.bytes,
          keyspace.records.encode({ kind: 'tombstone', until: time + life }, old.key),
          life,
        )
        throw refused('session-ended', operation, old.key)
      }
      old = newest
    }
  } catch (error) {
    // Where the answer about the pointer was lost, the old id may lead to the new one already, which then has to stay.
    if (!isTurning || (error as Partial<TransientError>).applied !== 'unknown')
      await keyspace.delete(key).catch(() => {})
    throw error
  }
}

/** Writes the new session, and reads the list it has to be on, if it has to. Both are over when this is. */
async function write(
  { keyspace, users }: SessionContext,
  written: Snapshot | undefined,
  next: Snapshot,
  life: Milliseconds,
  isToList: boolean,
): Promise<ReadIndex | undefined> {
  const put =
    written === undefined
      ? keyspace.set(next.key, next.bytes, life)
      : keyspace.compareAndSet(next.key, written.bytes, next.bytes, life, { stamp: stampLength })
  const read = isToList ? users.read(next.record.user as string, operation) : undefined
  await Promise.allSettled([put, read])
  // It may have been listed, and ended by somebody; nothing may bring it back.
  if ((await put) === false) throw refused('session-ended', operation, next.key)
  return read
}

/** Lists the new session beside the old one; `false` if the old one is not listed any more. */
async function list(
  { users }: SessionContext,
  index: ReadIndex,
  old: string,
  { key, record: { handle = '', created, idle, ends } }: Snapshot,
): Promise<boolean> {
  let isListed = true
  const relist = ({ bytes, entries, isCorrupt }: ReadIndex) => {
    const listed = entries.find((entry) => entry.keys.includes(old))
    // A list that the store lost, and not the end of these sessions: that leaves an empty one.
    const isLost = bytes === null || isCorrupt
    isListed = listed !== undefined || isLost
    if (!isListed) return undefined
    const known = listed ?? { handle, created, attributes: {}, keys: [old] }
    const entry = { ...known, keys: movedKeys(known.keys, old, key), idle, ends }
    return [...entries.filter((other) => other.handle !== handle), entry]
  }
  await users.change(index, relist, operation)
  return isListed
}
