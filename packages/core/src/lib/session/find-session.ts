import type { Milliseconds } from '../store/transient-store.ts'
import type { StoredSession } from './record.ts'
import type { SessionKeyspace } from './session-keyspace.ts'
import { withoutEnded } from './system-fields.ts'

/** A session as it was read or written. */
export interface Snapshot {
  /** The hashed id. */
  readonly key: string
  /** As they are in the store: whoever replaces them has seen them. */
  readonly bytes: Uint8Array
  readonly record: StoredSession
  /** The way here led through a login: these fields are its own, and the rights that came with it are not for whoever came this way. */
  readonly won?: ReadonlySet<string> | undefined
}

/** The record as it will be under the key. */
export function snapshotOf({ records }: SessionKeyspace, key: string, record: StoredSession): Snapshot {
  return { key, bytes: records.encode(record, key), record }
}

/** What is under a session's key. */
export type Finding =
  | { readonly state: 'found'; readonly snapshot: Snapshot }
  /** Nothing. */
  | { readonly state: 'expired' }
  /** A tombstone. */
  | { readonly state: 'revoked' }
  /** The pointer of a renewal past its end, the id that one without grace has closed, or a login's marker. `isFresh`: so lately that the new cookie may still be on its way. */
  | { readonly state: 'renewed'; readonly isFresh: boolean }
  | { readonly state: 'corrupt'; readonly key: string; readonly bytes: Uint8Array }
  | { readonly state: 'unreadable' }

/** Options of {@link findSession}. */
export interface FindOptions {
  /** What is read gets this expiry. */
  readonly touch?: Milliseconds | undefined
  /** Follows a login's marker: for the changes of those who had loaded before the login, and for nobody else. */
  readonly throughLogin?: boolean
}

/** How many pointers are followed: each renewal within one grace window adds one. */
const longestPointerChain = 8

/** The session under the key, or the one that took over from it, past its absolute end or not: who reads or writes has to ask {@link lifeLeft}. */
export async function findSession(
  keyspace: SessionKeyspace,
  key: string,
  now: Milliseconds,
  { touch, throughLogin = false }: FindOptions = {},
): Promise<Finding> {
  let at = key
  let won: Set<string> | undefined
  for (let hops = 0; hops <= longestPointerChain; hops++) {
    const bytes = await keyspace.get(at, touch === undefined ? undefined : { touch })
    if (bytes === undefined) break
    const record = keyspace.records.decode(bytes, at)
    if (record === 'corrupt') return { state: 'corrupt', key: at, bytes }
    if (record === 'unreadable') return { state: 'unreadable' }
    if (record.kind === 'session') {
      const live = { ...record, fields: withoutEnded(record.fields, now) }
      return { state: 'found', snapshot: { key: at, bytes, record: live, won } }
    }
    if (record.kind === 'tombstone') return { state: (record.until ?? now + 1) > now ? 'revoked' : 'expired' }
    if (record.kind === 'closed') return { state: 'renewed', isFresh: record.until > now }
    if (record.kind === 'marker') {
      if (!throughLogin || record.mergesUntil <= now) return { state: 'renewed', isFresh: record.until > now }
      won = new Set([...(won ?? []), ...record.won])
    } else if (record.until <= now) return { state: 'renewed', isFresh: false }
    at = record.to
  }
  return { state: 'expired' }
}

/** The expiry that a read or a write gives: the idle timeout, but never beyond the absolute end. Not positive when that is past. */
export function lifeLeft(session: { idle: Milliseconds; ends: Milliseconds }, now: Milliseconds): Milliseconds {
  return Math.min(session.idle, session.ends - now)
}
