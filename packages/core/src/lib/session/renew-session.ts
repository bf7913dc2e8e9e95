import type { TransientErrorCode } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { findSession, lifeLeft, type Snapshot } from './find-session.ts'
import { encodeRecord, stampLength } from './record.ts'
import type { SessionContext } from './session-context.ts'
import type { FieldChanges } from './session-data.ts'
import { layChanges, refused } from './session-writer.ts'

/**
 * Moves a session to a new key, with the changes laid on. The new one is written first; what turns the old one into a pointer (or, without
 * grace, deletes it) is a `compareAndSet`, so that a write that came between is seen, and taken along in another round.
 *
 * If someone else renewed meanwhile, the session follows there; without grace it moves on from there, because then the
 * point is that nobody who knew the old id is left with the new rights.
 */
export async function renewSession(
  { keyspace, writer, deadline, now }: SessionContext,
  from: Snapshot,
  key: string,
  changes: FieldChanges,
  grace: Milliseconds | false,
): Promise<Snapshot> {
  const operation = 'session.renew'
  const giveUp = async (code: TransientErrorCode): Promise<never> => {
    await keyspace.delete(key)
    throw refused(code, operation, old.key)
  }
  const due = performance.now() + deadline
  let old = from
  while (performance.now() < due) {
    const fields = layChanges(old.record.fields, () => changes)
    const record = { ...old.record, fields }
    const bytes = encodeRecord(record)
    const time = now()
    const life = lifeLeft(record, time)
    if (life <= 0) return giveUp('session-ended')
    await keyspace.set(key, bytes, life)
    const isMoved =
      grace === false
        ? await keyspace.compareAndSet(old.key, old.bytes, null, undefined, { stamp: stampLength })
        : await keyspace.compareAndSet(
            old.key,
            old.bytes,
            encodeRecord({ kind: 'pointer', to: key, until: time + grace }),
            grace,
            { stamp: stampLength },
          )
    if (isMoved) return { key, bytes, record }

    const finding = await findSession(keyspace, old.key, now())
    if (finding.state === 'unreadable') return giveUp('session-unreadable')
    if (finding.state !== 'found') return giveUp('session-ended')
    const isElsewhere = finding.snapshot.key !== old.key
    old = finding.snapshot
    if (isElsewhere && grace !== false) {
      await keyspace.delete(key)
      return changes.size === 0 ? old : writer.write(old, () => changes, operation)
    }
  }
  return giveUp('conflict')
}
