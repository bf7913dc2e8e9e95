import { randomUUID } from 'node:crypto'
import type { Milliseconds } from '../store/transient-store.ts'

/**
 * What a session's key holds. As bytes it is text in lines: a random stamp that is new with every write, a header, each field
 * with its JSON, and a dot. JSON text has no raw line breaks, so a field is cut out without parsing any; it is parsed when the
 * app asks for it, and one that nobody asked for is written back as it came.
 */
export type SessionRecord = StoredSession | RenewalPointer

export interface StoredSession {
  readonly kind: 'session'
  /** When the visitor's first write was, in milliseconds since 1970. */
  readonly created: Milliseconds
  /** The absolute end, in milliseconds since 1970. */
  readonly ends: Milliseconds
  readonly idle: Milliseconds
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

/** The random bytes in front of every record that tell one write from another (see `stamp` of `compareAndSet`). */
export const stampLength = 36

const version = 1
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a record, with a fresh stamp. */
export function encodeRecord(record: SessionRecord): Uint8Array {
  const stamp = randomUUID()
  if (record.kind === 'pointer') {
    const { kind, to, until } = record
    return encoder.encode(`${stamp}\n${JSON.stringify({ v: version, kind, to, until })}\n.`)
  }
  const { kind, created, ends, idle, fields } = record
  let text = `${stamp}\n${JSON.stringify({ v: version, kind, created, ends, idle })}\n`
  for (const [name, json] of fields) text += `${quoteName(name)}:${json}\n`
  return encoder.encode(`${text}.`)
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
    const { v, kind, to, until, created, ends, idle } = JSON.parse(text.slice(stampLength + 1, headerEnd)) as Partial<
      Record<string, unknown>
    >
    if (typeof v !== 'number') return 'corrupt'
    // Nothing more is said of a version that is not known: it may have no kind, or no lines.
    if (v !== version || (kind !== 'session' && kind !== 'pointer')) return 'unreadable'
    const fields = cutFields(text, headerEnd + 1)
    if (fields === undefined) return 'corrupt'
    if (kind === 'pointer') return typeof to === 'string' && typeof until === 'number' ? { kind, to, until } : 'corrupt'
    return typeof created === 'number' && typeof ends === 'number' && typeof idle === 'number'
      ? { kind, created, ends, idle, fields }
      : 'corrupt'
  } catch {
    // Malformed UTF-8 or JSON, or JSON that is no object: the reason is in neither, so there is nothing to hand on.
    return 'corrupt'
  }
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

/** The name as JSON with no quote inside, so that the next quote ends it. */
function quoteName(name: string): string {
  return `"${JSON.stringify(name).slice(1, -1).replaceAll('\\"', '\\u0022')}"`
}
