import type { Milliseconds } from '../store/transient-store.ts'
import type { ClosedId, LoginMarker, StoredSession } from './record.ts'
import type { SessionKeyspace } from './session-keyspace.ts'

// More than anybody renews within a grace window. Each hop takes something away, so there is no going round in circles.
const longestChain = 100

/**
 * Takes a session out of the store: one command, and one more for each pointer in its place. Gives what it was, if it was one. What was left where a session of
 * a user moved on is followed, too: whoever had its old id may end it. A login's marker is not, and stays: who has the anonymous id does not log the user
 * out.
 */
export async function endSession(
  keyspace: SessionKeyspace,
  key: string,
  now: Milliseconds,
): Promise<StoredSession | undefined> {
  let at = key
  for (let hops = 0; hops < longestChain; hops++) {
    const bytes = await keyspace.take(at)
    const record = bytes === undefined ? undefined : keyspace.records.decode(bytes, at)
    if (bytes === undefined || typeof record !== 'object' || record.kind === 'tombstone') return undefined
    if (record.kind === 'session') return record
    const next = record.kind === 'pointer' ? record.to : nextOf(record)
    if (next === undefined) {
      const left = endOfMark(record) - now
      if (left > 0) await keyspace.compareAndSet(at, null, bytes, left)
      return undefined
    }
    at = next
  }
  return undefined
}

function nextOf(record: LoginMarker | ClosedId): string | undefined {
  if (record.kind === 'closed') return record.to
  return record.same ? record.to : undefined
}

function endOfMark(record: { readonly until: Milliseconds; readonly mergesUntil?: Milliseconds }): Milliseconds {
  return Math.max(record.until, record.mergesUntil ?? 0)
}
