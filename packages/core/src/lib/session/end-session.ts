import { longestPointerChain } from './find-session.ts'
import { decodeRecord } from './record.ts'
import type { SessionKeyspace } from './session-keyspace.ts'

/** Takes a session out of the store: one command, and one more for each pointer in its place. */
export async function endSession(keyspace: SessionKeyspace, key: string): Promise<void> {
  let at = key
  for (let hops = 0; hops <= longestPointerChain; hops++) {
    const bytes = await keyspace.take(at)
    const record = bytes === undefined ? undefined : decodeRecord(bytes)
    if (typeof record !== 'object' || record.kind !== 'pointer') return
    at = record.to
  }
}
