import type { TransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { lifeLeft, type Snapshot } from './find-session.ts'
import { encodeRecord, stampLength } from './record.ts'
import type { SessionContext } from './session-context.ts'
import type { FieldChanges } from './session-data.ts'
import { layChanges, readAgain, refused } from './session-writer.ts'

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
  const due = performance.now() + deadline
  let old = from
  try {
    while (performance.now() < due) {
      const fields = layChanges(old.record.fields, () => changes)
      const record = { ...old.record, fields }
      const bytes = encodeRecord(record)
      const time = now()
      const life = lifeLeft(record, time)
      if (life <= 0) throw refused('session-ended', operation, old.key)
      await keyspace.set(key, bytes, life)
      const pointer = grace === false ? null : encodeRecord({ kind: 'pointer', to: key, until: time + grace })
      if (await keyspace.compareAndSet(old.key, old.bytes, pointer, grace || undefined, { stamp: stampLength }))
        return { key, bytes, record }

      const newest = await readAgain(keyspace, old.key, now(), operation)
      if (newest.key !== old.key && grace !== false) {
        await keyspace.delete(key)
        return changes.size === 0 ? newest : await writer.write(newest, () => changes, operation)
      }
      old = newest
    }
    throw refused('conflict', operation, old.key)
  } catch (error) {
    // Where an answer was lost the old id may lead to the new one already, which then has to stay.
    if ((error as Partial<TransientError>).applied !== 'unknown') await keyspace.delete(key).catch(() => {})
    throw error
  }
}
