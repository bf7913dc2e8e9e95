import { randomUUID } from 'node:crypto'
import type { Milliseconds } from '../store/transient-store.ts'

/**
 * What a session's key holds. As bytes it is text in lines: a random stamp that is new with every write, a header, each field
 * with its JSON, and a dot. JSON text has no raw line breaks, so a field is cut out without parsing any; it is parsed when the
 * app asks for it, and one that nobody asked for is written back as it came.
 */
export type SessionRecord = StoredSession | RenewalPointer | LoginMarker | ClosedId | Tombstone

export interface StoredSession {
  readonly kind: 'session'
  /** When the visitor's first write was, in milliseconds since 1970. */
  readonly created: Milliseconds
  /** The absolute end, in milliseconds since 1970. */
  readonly ends: Milliseconds
  readonly idle: Milliseconds
  /** Whether its lifetime was chosen for it, so that the store's own does not hold. */
  readonly own?: boolean | undefined
  /** Whether the cookie stays when the browser closes; `undefined` if nothing was said. */
  readonly persistent?: boolean | undefined
  /** Who logged in. */
  readonly user?: string | undefined
  /** Its name in the user's index; it has one if it has a user. */
  readonly handle?: string | undefined
  /** The version of the application's data that the fields are in; `undefined` is 0. */
  readonly version?: number | undefined
  /** JSON text by field name. */
  readonly fields: ReadonlyMap<string, string>
}

/** Left under the old id by a renewal, for the requests that were in flight with it. */
export interface RenewalPointer {
  readonly kind: 'pointer'
  /** The hashed id of the session that took over. */
  readonly to: string
  /** Its own end: reading it prolongs the key, not the pointer. */
  readonly until: Milliseconds
}

/** Left under the anonymous id by a login, for what slower requests of the anonymous visitor still commit. */
export interface LoginMarker {
  readonly kind: 'marker'
  /** The hashed id of the user's session. */
  readonly to: string
  /** Until when a visitor who comes with the old id is taken for one whose new cookie is on its way. */
  readonly until: Milliseconds
  /** Until when commits that were loaded before the login follow it. */
  readonly mergesUntil: Milliseconds
  /** Whether it was a session of that user already, so that whoever has the old id may end the new session. */
  readonly same?: boolean | undefined
  /** The fields that the login changed: they win over what is committed later. */
  readonly won: readonly string[]
}

/** Left under the old id by a renewal without grace, for a while: it leads nowhere, but for a logout. */
export interface ClosedId {
  readonly kind: 'closed'
  /** The hashed id of a user's session: whoever had its old id may end it. */
  readonly to?: string | undefined
  /** Until when a visitor who comes with the old id is taken for one whose new cookie is on its way. */
  readonly until: Milliseconds
}

/** Left where a session was ended from elsewhere, so that its visitor can be told. */
export interface Tombstone {
  readonly kind: 'tombstone'
  /** Until when he is: reading it prolongs the key, not the tombstone. */
  readonly until?: Milliseconds | undefined
}

/** The random bytes in front of every record that tell one write from another (see `stamp` of `compareAndSet`). */
export const stampLength = 36

const version = 1
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a record, with a fresh stamp. */
export function encodeRecord(record: SessionRecord): Uint8Array {
  const stamp = randomUUID()
  if (record.kind !== 'session') return encoder.encode(`${stamp}\n${JSON.stringify({ v: version, ...record })}\n.`)
  let text = `${stamp}\n${headerOf(record)}\n`
  for (const [name, json] of record.fields) text += `${quoteName(name)}:${json}\n`
  return encoder.encode(`${text}.`)
}

/** The header as JSON, put together by hand: that takes a third of the time, and each write needs one. */
function headerOf({ created, ends, idle, own, persistent, user, handle, version: dv }: StoredSession): string {
  let text = `{"v":${version},"kind":"session","created":${created},"ends":${ends},"idle":${idle}`
  if (own) text += ',"own":true'
  if (persistent !== undefined) text += `,"persistent":${persistent}`
  if (user !== undefined) text += `,"user":${JSON.stringify(user)}`
  if (handle !== undefined) text += `,"handle":${JSON.stringify(handle)}`
  if (dv !== undefined) text += `,"dv":${dv}`
  return `${text}}`
}

/**
 * The record of the bytes. `corrupt`: not what any release wrote whole. `unreadable`: of a release that this one does not know,
 * and therefore not to be touched.
 */
export function decodeRecord(bytes: Uint8Array): SessionRecord | 'corrupt' | 'unreadable' {
  try {
    const text = decoder.decode(bytes)
    const headerEnd = text.indexOf('\n', stampLength + 1)
    if (text[stampLength] !== '\n' || headerEnd === -1) return 'corrupt'
    const header = JSON.parse(text.slice(stampLength + 1, headerEnd)) as Header
    if (typeof header.v !== 'number') return 'corrupt'
    // Nothing more is said of a version that is not known: it may have no kind, or no lines.
    if (header.v !== version || !Object.hasOwn(shapes, header.kind as string)) return 'unreadable'
    const fields = cutFields(text, headerEnd + 1)
    if (fields === undefined) return 'corrupt'
    return shapes[header.kind as SessionRecord['kind']](header, fields) ?? 'corrupt'
  } catch {
    // Malformed UTF-8 or JSON, or JSON that is no object: the reason is in neither, so there is nothing to hand on.
    return 'corrupt'
  }
}

type Header = Partial<Record<string, unknown>>
type Shape = (header: Header, fields: Map<string, string>) => SessionRecord | undefined

/** What each kind of record has in its header; `undefined` if something of it is missing or of a wrong type. */
const shapes: Record<SessionRecord['kind'], Shape> = {
  session: ({ created, ends, idle, own, persistent, user, handle, dv }, fields) =>
    isNumber(created) &&
    isNumber(ends) &&
    isNumber(idle) &&
    isString(user ?? '') &&
    isString(handle ?? '') &&
    isVersion(dv ?? 0)
      ? {
          kind: 'session',
          created,
          ends,
          idle,
          own: own === true || undefined,
          persistent: typeof persistent === 'boolean' ? persistent : undefined,
          user: user as string | undefined,
          handle: handle as string | undefined,
          version: dv as number | undefined,
          fields,
        }
      : undefined,
  pointer: ({ to, until }) => (isString(to) && isNumber(until) ? { kind: 'pointer', to, until } : undefined),
  marker: ({ to, until, mergesUntil, same, won }) =>
    isString(to) && isNumber(until) && isNumber(mergesUntil) && Array.isArray(won)
      ? { kind: 'marker', to, until, mergesUntil, same: same === true || undefined, won: won.filter(isString) }
      : undefined,
  closed: ({ to, until }) =>
    isNumber(until) ? { kind: 'closed', to: isString(to) ? to : undefined, until } : undefined,
  tombstone: ({ until }) => ({ kind: 'tombstone', until: isNumber(until) ? until : undefined }),
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isVersion(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

/** The fields from `start` to the dot, or `undefined` if a line has not the form that `encodeRecord` gives it. */
function cutFields(text: string, start: number): Map<string, string> | undefined {
  const fields = new Map<string, string>()
  let at = start
  while (text[at] === '"') {
    const nameEnd = text.indexOf('"', at + 1)
    const end = text.indexOf('\n', at)
    if (nameEnd <= at || nameEnd >= end || text[nameEnd + 1] !== ':') return undefined
    const name = text.slice(at + 1, nameEnd)
    const plain = name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name
    fields.set(plain, text.slice(nameEnd + 2, end))
    at = end + 1
  }
  return text.slice(at) === '.' ? fields : undefined
}

/** Most names are, and need no second look. */
const plainName = /^[\w$-]+$/

/** The name as JSON with no quote inside, so that the next quote ends it. */
function quoteName(name: string): string {
  if (plainName.test(name)) return `"${name}"`
  return `"${JSON.stringify(name).slice(1, -1).replaceAll('\\"', '\\u0022')}"`
}
