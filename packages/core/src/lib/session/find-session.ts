import type { Milliseconds } from '../store/transient-store.ts'
import { decodeRecord, type StoredSession } from './record.ts'
import type { SessionKeyspace } from './session-keyspace.ts'

/** A session as it was in the store at some moment. */
export interface Snapshot {
  /** The hashed id. */
  readonly key: string
  readonly bytes: Uint8Array
  readonly record: StoredSession
}

/** What stands under a session's key. */
export type Finding =
  | { readonly state: 'found'; readonly snapshot: Snapshot }
  /** Nothing. */
  | { readonly state: 'expired' }
  /** The pointer of a renewal, past its end. */
  | { readonly state: 'renewed' }
  | { readonly state: 'corrupt'; readonly key: string; readonly bytes: Uint8Array }
  | { readonly state: 'unreadable' }

/** How many pointers are followed: each renewal within one grace window adds one. */
export const longestPointerChain = 8

/**
 * The session under the key, or the one that took over from it, past its absolute end or not: who reads or writes has to ask {@link lifeLeft}.
 * With `touch`, what is read gets that expiry.
 */
export async function findSession(
  keyspace: SessionKeyspace,
  key: string,
  now: Milliseconds,
  touch?: Milliseconds,
): Promise<Finding> {
  let at = key
  for (let hops = 0; hops <= longestPointerChain; hops++) {
    const bytes = await keyspace.get(at, touch === undefined ? undefined : { touch })
    if (bytes === undefined) break
    const record = decodeRecord(bytes)
    if (record === 'corrupt') return { state: 'corrupt', key: at, bytes }
    if (record === 'unreadable') return { state: 'unreadable' }
    if (record.kind === 'session') return { state: 'found', snapshot: { key: at, bytes, record } }
    if (record.until <= now) return { state: 'renewed' }
    at = record.to
  }
  return { state: 'expired' }
}

/** The expiry that a read or a write gives: the idle timeout, but never beyond the absolute end. Not positive when that is past. */
export function lifeLeft(session: { idle: Milliseconds; ends: Milliseconds }, now: Milliseconds): Milliseconds {
  return Math.min(session.idle, session.ends - now)
}
