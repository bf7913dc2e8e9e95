import { TransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { findSession, lifeLeft, type Snapshot } from './find-session.ts'
import { encodeRecord, stampLength } from './record.ts'
import type { SessionContext } from './session-context.ts'
import type { FieldChanges } from './session-data.ts'
import { ended, layChanges, unreadable } from './session-writer.ts'

/**
 * Moves a session to a new key, with the changes laid on. The new one is written first; what turns the old one into a pointer (or, without
 * grace, deletes it) is a `compareAndSet`, so that a write that came between is seen, and taken along in another round.
 *
 * If someone else renewed meanwhile, the session follows there; without grace it moves on from there, because then the
 * point is that nobody who knew the old id is left with the new rights.
 */
export async function renewSession(
  { store, writer, deadline, now }: SessionContext,
  from: Snapshot,
  key: string,
  changes: FieldChanges,
  grace: Milliseconds | false,
): Promise<Snapshot> {
  const operation = 'session.renew'
  const giveUp = async (error: TransientError): Promise<never> => {
    await store.delete(key)
    throw error
  }
  const due = performance.now() + deadline
  let old = from
  while (performance.now() < due) {
    const fields = layChanges(old.record.fields, () => changes)
    const record = { ...old.record, fields }
    const bytes = encodeRecord(record)
    const time = now()
    const life = lifeLeft(record, time)
    if (life <= 0) return giveUp(ended(operation, old.key))
    await store.set(key, bytes, life)
    const isMoved =
      grace === false
        ? await store.compareAndSet(old.key, old.bytes, null, undefined, { stamp: stampLength })
        : await store.compareAndSet(
            old.key,
            old.bytes,
            encodeRecord({ kind: 'pointer', to: key, until: time + grace }),
            grace,
            { stamp: stampLength },
          )
    if (isMoved) return { key, bytes, record }

    const finding = await findSession(store, old.key, now())
    if (finding.state === 'unreadable') return giveUp(unreadable(operation, old.key))
    if (finding.state !== 'found') return giveUp(ended(operation, old.key))
    const isElsewhere = finding.snapshot.key !== old.key
    old = finding.snapshot
    if (isElsewhere && grace !== false) {
      await store.delete(key)
      return changes.size === 0 ? old : writer.write(old, () => changes, operation)
    }
  }
  return giveUp(new TransientError('conflict', { operation, key: old.key, applied: 'no' }))
}
