import {
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { misuse } from '../store/checks.ts'
import type { Milliseconds } from '../store/transient-store.ts'

/** What a token says: which session it is, and when it ends. All of it is covered by the signature. */
export interface SessionToken {
  /** The 256 random bits, as they stand in the cookie. The store never sees them, only {@link hashId} of them. */
  readonly id: string
  /** The idle timeout. It rides in the token because it must be known before the value is read. */
  readonly idle: Milliseconds
  /** The absolute end, in milliseconds since 1970; in the token so that the reading command never prolongs beyond it. */
  readonly ends: Milliseconds
}

/** A token that was signed by us. */
export interface VerifiedToken {
  readonly token: SessionToken
  /** The hashed id. */
  readonly key: string
  /** Whether it was signed with the first key. */
  readonly current: boolean
}

/** The answer to {@link KeyRing.verify}: the token, or what is wrong with the text. */
export type Verdict =
  | VerifiedToken
  /** `unreadable`: of a format or a signing key that this ring does not know. */
  | 'tampered'
  | 'unreadable'

/** Signs tokens with its first key, and verifies them with all. */
export interface KeyRing {
  sign(token: SessionToken): string
  verify(text: string): Verdict
  /** For texts against cross-site requests; the first makes them, all verify. */
  readonly csrfKeys: readonly [KeyObject, ...KeyObject[]]
}

const format = '1'
/** Longer than any token can be: what is longer is not worth hashing. */
const longest = 160
const shortestSecret = 32
/** How many verified tokens are remembered: a MAC and a hash are most of what a read costs here. */
const mostRemembered = 1000

/** Makes the ring; a secret that is not a string of at least 32 characters, or a repeated one, is a `TypeError`. */
export function createKeyRing(secrets: string | readonly string[]): KeyRing {
  const list = typeof secrets === 'string' ? [secrets] : secrets
  if (!Array.isArray(list) || list.length === 0)
    throw misuse(new TypeError('secrets must be a string or an array of strings'))
  const keys = new Map<string, KeyObject>()
  const csrfKeys: KeyObject[] = []
  for (const secret of list as unknown[]) {
    if (typeof secret !== 'string' || secret.length < shortestSecret)
      throw misuse(new TypeError(`each of secrets must be a string of at least ${shortestSecret} characters`))
    const id = Buffer.from(derive(secret, 'transient session key id', 6)).toString('base64url')
    if (keys.has(id)) throw misuse(new TypeError('secrets has the same secret twice'))
    keys.set(id, createSecretKey(derive(secret, 'transient session token', 32)))
    csrfKeys.push(createSecretKey(derive(secret, 'transient session csrf', 32)))
  }
  // There is at least one: an empty list was refused.
  const [[currentId, currentKey]] = keys as unknown as [[string, KeyObject]]
  // By the whole text, signature included, so that nothing is found that was not verified.
  const remembered = new Map<string, VerifiedToken>()

  function remember(text: string, verified: VerifiedToken): VerifiedToken {
    if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value as string)
    remembered.set(text, verified)
    return verified
  }

  return {
    sign: ({ id, idle, ends }) => {
      const payload = `${format}.${currentId}.${idle.toString(36)}.${ends.toString(36)}.${id}`
      return `${payload}.${mac(currentKey, payload)}`
    },
    verify: (text) => {
      const known = remembered.get(text)
      if (known !== undefined) return known
      if (text.length > longest) return 'tampered'
      const parts = text.split('.')
      const [version, keyId, idle, ends, id, signature] = parts as [string, string, string, string, string, string]
      if (version !== format) return /^\d+$/.test(version) ? 'unreadable' : 'tampered'
      if (parts.length !== 6) return 'tampered'
      const key = keys.get(keyId)
      if (key === undefined) return 'unreadable'
      if (!equal(signature, mac(key, text.slice(0, text.lastIndexOf('.'))))) return 'tampered'
      // Signed by us, so of the form that `sign` gives it.
      const token = { id, idle: parseInt(idle, 36), ends: parseInt(ends, 36) }
      return remember(text, { token, key: hashId(id), current: keyId === currentId })
    },
    csrfKeys: csrfKeys as [KeyObject, ...KeyObject[]],
  }
}

/** A new id: 256 random bits. */
export function newId(): string {
  return randomBytes(32).toString('base64url')
}

/** The form in which the store knows an id: its SHA-256, so that a dump of the store opens nobody's session. */
export function hashId(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}

// One secret serves several purposes, each with a key of its own (RFC 5869).
function derive(secret: string, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', purpose, length))
}

function mac(key: KeyObject, payload: string): string {
  return createHmac('sha256', key).update(payload).digest('base64url')
}

// Texts are compared, not the bytes they stand for: base64url has several texts for one MAC.
function equal(given: string, right: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}
