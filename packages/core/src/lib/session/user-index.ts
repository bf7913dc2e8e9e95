import { randomUUID } from 'node:crypto'
import { stringify } from '../codec/json.ts'
import { utf8 } from '../codec/utf8.ts'
import { checkKey, misuse } from '../store/checks.ts'
import { TransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { stampLength } from './record.ts'
import type { RecordCodec } from './record-codec.ts'
import type { SessionAttributes } from './session.ts'
import type { SessionKeyspace } from './session-keyspace.ts'

/** One session in the list of its user. */
export interface IndexEntry {
  readonly handle: string
  /**
   * The hashed ids under which it may be, the newest first. The one it is moved away from stays listed until the next move, so that whatever
   * becomes of a move, a listed id is the one that counts.
   */
  readonly keys: readonly string[]
  readonly created: Milliseconds
  readonly idle: Milliseconds
  readonly ends: Milliseconds
  readonly attributes: SessionAttributes
}

/** A user's list as it was read. */
export interface ReadIndex {
  readonly key: string
  /** `null`: there is none, because nobody has logged in, or because the store lost it. */
  readonly bytes: Uint8Array | null
  readonly entries: readonly IndexEntry[]
  /** Damaged, so that the entries are not known. */
  readonly isCorrupt: boolean
}

/** How the list should be; `undefined`: as it is. May be called again, with a newer list. */
export type IndexChange = (
  index: ReadIndex,
) => readonly IndexEntry[] | undefined | Promise<readonly IndexEntry[] | undefined>

/**
 * The lists of users' sessions, each one value, changed by `compareAndSet`. An entry of a session that has ended by itself stays until somebody
 * looks: that costs nothing, and nothing has to listen to the store.
 */
export interface UserIndexes {
  /** Rejects with `decode` if the list is of an unknown release. */
  read(user: string, operation: string): Promise<ReadIndex>
  /** Changes the list, from what was read, again and again until nobody was faster; rejects with `conflict` after the deadline. */
  change(index: ReadIndex, change: IndexChange, operation: string): Promise<void>
  /** When the sessions were seen last, at the earliest; `undefined` for those that have ended. */
  lastSeen(entries: readonly IndexEntry[]): Promise<(Milliseconds | undefined)[]>
  /** Ends the sessions, and leaves tombstones. */
  end(entries: readonly IndexEntry[]): Promise<void>
}

const version = 1
const longestUserId = 512
/** An empty list stays this long, so that a renewal under way can tell it from one that the store lost. */
const emptyListLife = 3_600_000
const longestTombstone = 86_400_000

/**
 * An entry's ids once the session moves from `old` to `next`. What is older than `old` leads to it, if to anything; what is newer may be where
 * somebody else is moving it. Of an `old` that is not listed any more nothing is known, so all stay.
 */
export function movedKeys(known: readonly string[], old: string, next: string): readonly string[] {
  const others = known.filter((key) => key !== next)
  const at = others.indexOf(old)
  return [next, ...(at === -1 ? others : others.slice(0, at + 1))]
}

/** Refuses what is no user id: a `TypeError`. */
export function checkUserId(user: unknown): void {
  if (typeof user !== 'string' || user === '' || user.length > longestUserId)
    throw misuse(new TypeError(`a user id must be a string of 1 to ${longestUserId} characters`))
  checkKey(user)
}

/** The attributes as they will be listed, whatever the application does with its own; a `TypeError` if they have no JSON form, or not that of an object. */
export function attributesOf(given: unknown): SessionAttributes {
  const attributes = JSON.parse(stringify(given, 'the attributes of a login')) as unknown
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes))
    throw misuse(new TypeError('the attributes of a login must be an object'))
  return attributes as SessionAttributes
}

export function createUserIndexes(
  keyspace: SessionKeyspace,
  now: () => Milliseconds,
  deadline: Milliseconds,
): UserIndexes {
  // Those who change one list in this process do so one after the other, and get in each other's way no more than they must.
  const turns = new Map<string, Promise<unknown>>()

  async function read(key: string, operation: string): Promise<ReadIndex> {
    const bytes = (await keyspace.get(key)) ?? null
    const opened = bytes === null ? null : keyspace.records.open(bytes, key)
    const entries = opened === null ? [] : decodeEntries(opened, key, operation)
    return { key, bytes, entries: entries ?? [], isCorrupt: entries === undefined }
  }

  async function tryChange(index: ReadIndex, change: IndexChange, operation: string): Promise<void> {
    const due = performance.now() + deadline
    let current = index
    for (;;) {
      const entries = await change(current)
      if (entries === undefined) return
      const { key, bytes } = current
      // What is damaged may be too short for a stamp, or have that of another.
      const stamp = bytes === null || current.isCorrupt ? undefined : { stamp: stampLength }
      const next = keyspace.records.seal(encodeEntries(entries), key)
      if (await keyspace.compareAndSet(key, bytes, next, lifeOf(entries), stamp)) return
      if (performance.now() >= due) throw new TransientError('conflict', { operation, key, applied: 'no' })
      current = await read(key, operation)
    }
  }

  function lifeOf(entries: readonly IndexEntry[]): Milliseconds {
    return Math.max(emptyListLife, ...entries.map(({ ends }) => ends - now() + emptyListLife))
  }

  /**
   * An old id that outlives its successor is a pointer that was read once more, or a session whose renewal came to nothing: only reading tells.
   */
  async function areSessions(keys: readonly string[]): Promise<boolean[]> {
    const values = await Promise.all(keys.map((key) => keyspace.get(key)))
    return values.map((bytes, at) => {
      const record = bytes === undefined ? undefined : keyspace.records.decode(bytes, keys[at] as string)
      // What a later release wrote may be one, and must not be forgotten.
      return record === 'unreadable' || (typeof record === 'object' && record.kind === 'session')
    })
  }

  async function lastSeen(entries: readonly IndexEntry[]): Promise<(Milliseconds | undefined)[]> {
    const keys = entries.flatMap((entry) => entry.keys)
    const lefts = new Map<string, Milliseconds>()
    const found = keys.length === 0 ? [] : await keyspace.ttl(keys)
    for (const [at, left] of found.entries()) if (left !== undefined) lefts.set(keys[at] as string, left)
    const doubtful = entries.flatMap(({ keys: [newest, ...older] }) =>
      lefts.has(newest as string) ? [] : older.filter((key) => lefts.has(key)),
    )
    const sound = await areSessions(doubtful)
    for (const [at, key] of doubtful.entries()) if (!sound[at]) lefts.delete(key)
    const time = now()
    return entries.map((entry) => {
      const [newest, ...older] = entry.keys.map((key) => lefts.get(key))
      // A pointer that is still read lives on, and says nothing of the session that took over.
      const left = newest ?? Math.max(0, ...older.map((other) => other ?? 0))
      return left === 0 || entry.ends <= time ? undefined : Math.min(time, time + left - entry.idle)
    })
  }

  return {
    read: (user, operation) => read(`user:${user}`, operation),
    change: async (index, change, operation) => {
      const before = turns.get(index.key)
      const turn = (async () => {
        await before
        await tryChange(before === undefined ? index : await read(index.key, operation), change, operation)
      })()
      const settled = turn.catch(() => {})
      turns.set(index.key, settled)
      try {
        await turn
      } finally {
        if (turns.get(index.key) === settled) turns.delete(index.key)
      }
    },
    lastSeen,
    end: async (entries) => {
      const time = now()
      await keyspace.setMany(
        entries.flatMap(({ keys, idle, ends }) => {
          const ttl = Math.max(1, Math.min(idle, ends - time, longestTombstone))
          const tombstone = { kind: 'tombstone', until: time + ttl } as const
          return keys.map((key) => ({ key, value: keyspace.records.encode(tombstone, key), ttl }))
        }),
      )
    },
  }
}

function encodeEntries(sessions: readonly IndexEntry[]): Uint8Array {
  return utf8.encode(`${randomUUID()}\n${JSON.stringify({ v: version, sessions })}`)
}

/** `undefined` if they are damaged. */
function decodeEntries(
  bytes: ReturnType<RecordCodec['open']>,
  key: string,
  operation: string,
): readonly IndexEntry[] | undefined {
  if (bytes === 'corrupt') return undefined
  if (bytes === 'unreadable') throw unknownList(key, operation)
  let list: { v?: unknown; sessions?: unknown }
  try {
    list = JSON.parse(utf8.decode(bytes).slice(stampLength + 1)) as typeof list
  } catch {
    return undefined
  }
  if (typeof list !== 'object' || list === null || typeof list.v !== 'number') return undefined
  if (list.v !== version) throw unknownList(key, operation)
  return Array.isArray(list.sessions) && list.sessions.every(isEntry) ? list.sessions : undefined
}

function isEntry(value: unknown): value is IndexEntry {
  if (typeof value !== 'object' || value === null) return false
  const { handle, keys, created, idle, ends, attributes } = value as Partial<Record<keyof IndexEntry, unknown>>
  return (
    typeof handle === 'string' &&
    Array.isArray(keys) &&
    keys.every((key) => typeof key === 'string') &&
    [created, idle, ends].every((time) => typeof time === 'number') &&
    typeof attributes === 'object' &&
    attributes !== null
  )
}

function unknownList(key: string, operation: string): TransientError {
  return new TransientError('decode', {
    operation,
    key,
    message: 'the list of sessions was written by a release, or with a key, that is not known here',
  })
}
