import { randomUUID } from 'node:crypto'
import type { Milliseconds } from '../store/transient-store.ts'

/** The texts that say whether what is stored still counts: of the namespace and those around it, outermost first, and of its tags. */
export interface EntryTokens {
  readonly spaces: readonly string[]
  readonly tags: readonly (readonly [tag: string, token: string])[]
}

/** What a value's key holds. */
export type CacheEntry = StoredValue | LoadLease

export interface StoredValue extends EntryTokens {
  readonly kind: 'value'
  /** When it was made, until when it is fresh and how long it is of use after that, in milliseconds since 1970, by the clock of the process that made it. */
  readonly madeAt: Milliseconds
  readonly freshUntil: Milliseconds
  /** The end of the grace; the same as `freshUntil` if there is none. */
  readonly staleUntil: Milliseconds
  /** What the codec wrote; `undefined` for the value `undefined`. */
  readonly payload: Uint8Array | undefined
}

/** Holds the place of a value that is being loaded. A `delete` takes it away, so that the load does not find it. */
export interface LoadLease extends EntryTokens {
  readonly kind: 'lease'
}

/** The random bytes in front that tell one entry from another (see `stamp` of `compareAndSet`). */
export const stampLength = 36

const version = 1
const headerStart = stampLength + 5
const encoder = new TextEncoder()

/**
 * The bytes of an entry, with a fresh stamp: the stamp, the length of the header in four digits of base 36 and a line break, the header as JSON, the
 * payload.
 */
export function encodeEntry(entry: CacheEntry): Uint8Array {
  const { spaces, tags } = entry
  const isValue = entry.kind === 'value'
  const payload = isValue ? entry.payload : undefined
  const form = isValue ? (payload === undefined ? 'u' : 'v') : 'l'
  const times = isValue ? [entry.madeAt, entry.freshUntil, entry.staleUntil] : []
  const header = encoder.encode(JSON.stringify([version, form, spaces, tags, ...times]))
  const bytes = Buffer.allocUnsafe(headerStart + header.length + (payload?.length ?? 0))
  bytes.write(`${randomUUID()}${header.length.toString(36).padStart(4, '0')}\n`, 0, 'latin1')
  bytes.set(header, headerStart)
  if (payload !== undefined) bytes.set(payload, headerStart + header.length)
  return bytes
}

/** The entry, or `undefined` if the bytes are not one of this release. */
export function decodeEntry(bytes: Uint8Array): CacheEntry | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = headerStart + Number.parseInt(buffer.toString('latin1', stampLength, stampLength + 4), 36)
  if (!(end <= bytes.length) || bytes[headerStart - 1] !== 0x0a) return undefined
  try {
    const [v, form, spaces, tags, madeAt, freshUntil, staleUntil] = JSON.parse(
      buffer.toString('utf8', headerStart, end),
    ) as unknown[]
    if (v !== version || !Array.isArray(spaces) || !Array.isArray(tags)) return undefined
    const tokens = { spaces: spaces as string[], tags: tags as [string, string][] }
    if (form === 'l') return { kind: 'lease', ...tokens }
    if (form !== 'v' && form !== 'u') return undefined
    if (typeof madeAt !== 'number' || !isEnd(freshUntil) || !isEnd(staleUntil)) return undefined
    const payload = form === 'u' ? undefined : bytes.subarray(end)
    return {
      kind: 'value',
      ...tokens,
      madeAt,
      freshUntil: freshUntil ?? Number.POSITIVE_INFINITY,
      staleUntil: staleUntil ?? Number.POSITIVE_INFINITY,
      payload,
    }
  } catch {
    // Not what any release wrote.
    return undefined
  }
}

/** JSON has no infinity; it writes `null`. */
function isEnd(value: unknown): value is number | null {
  return typeof value === 'number' || value === null
}

/** The stamp as text: what names an entry among all there ever were. */
export function stampOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 0, stampLength)
}
