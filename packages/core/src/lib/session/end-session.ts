import { longestPointerChain } from './find-session.ts'
import type { StoredSession } from './record.ts'
import type { SessionKeyspace } from './session-keyspace.ts'

/**
 * Takes a session out of the store: one command, and one more for each pointer in its place. Gives what it was, if it was one. A login's marker
 * is not followed: who has the anonymous id does not log the user out.
 */
export async function endSession(keyspace: SessionKeyspace, key: string): Promise<StoredSession | undefined> {
  let at = key
  for (let hops = 0; hops <= longestPointerChain; hops++) {
    const bytes = await keyspace.take(at)
    const record = bytes === undefined ? undefined : keyspace.records.decode(bytes, at)
    if (typeof record !== 'object') return undefined
    if (record.kind === 'session') return record
    if (record.kind !== 'pointer') return undefined
    at = record.to
  }
  return undefined
}
