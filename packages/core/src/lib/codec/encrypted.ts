import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { misuse } from '../store/checks.ts'
import { TransientError } from '../store/errors.ts'
import type { Codec } from './codec.ts'

/** A text of at least 32 characters, or 32 random bytes. */
export type EncryptionKey = string | Uint8Array

// An envelope: a byte that no UTF-8 text has, so that text is never taken for one; the format; the key's id; the nonce; the
// ciphertext; the tag. All before the nonce is authenticated.
const mark = 0xff
const format = 1
const keyIdLength = 6
const headLength = 2 + keyIdLength
const nonceLength = 12
const tagLength = 16
const shortestSecret = 32
const keyLength = 32

/**
 * What the codec writes, encrypted and authenticated with AES-256-GCM under a fresh random nonce. The first key encrypts, all decrypt: to change
 * the key, put the new one first and keep the old one until what it encrypted has gone. Where several processes share the values, give all of them
 * the new one behind the old one before any of them encrypts with it.
 *
 * `decode` throws a `decode` error for bytes that were changed, cut off, never encrypted, or encrypted with a key that is not in the ring. Equal values become different
 * bytes, 36 longer than those of the codec. What is not hidden is their length; that a value was moved to another key or put back to an older state is
 * not noticed here (sessions notice the first).
 *
 * Each text is of at least 32 characters with the entropy of a random key, not a password; else a `TypeError`, as is a repeated key. AES keys and their ids are
 * derived from them with HKDF, so the secrets of the sessions may serve here, too. One key is good for 2^32 values, 49 days of a thousand
 * a second, [as NIST says of random nonces](https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf#page=29).
 *
 * ```ts
 * import { encrypted, json } from '@transient/core'
 *
 * const secret = encrypted(json, 'a text of at least thirty-two characters')
 * secret.decode(secret.encode({ iban: 'SE35 5000' })) // { iban: 'SE35 5000' }
 * ```
 */
export function encrypted<T>(codec: Codec<T>, keys: EncryptionKey | readonly EncryptionKey[]): Codec<T> {
  if (typeof (codec as Partial<Codec<T>> | undefined)?.encode !== 'function' || typeof codec.decode !== 'function')
    throw misuse(new TypeError('encrypted needs a codec with encode and decode'))
  const ring = createRing(keys)
  const [[currentId, currentKey]] = ring as unknown as [[string, KeyObject]]
  const currentHead = Buffer.concat([Uint8Array.of(mark, format), Buffer.from(currentId, 'hex')])

  return {
    encode: (value) => {
      const plain = codec.encode(value)
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv('aes-256-gcm', currentKey, nonce, { authTagLength: tagLength })
      cipher.setAAD(currentHead)
      // In GCM nothing is left for `final` to give.
      const hidden = cipher.update(plain)
      cipher.final()
      return Buffer.concat([currentHead, nonce, hidden, cipher.getAuthTag()])
    },
    decode: (bytes) => {
      const head = bytes.subarray(0, headLength)
      if (bytes.length < headLength + nonceLength + tagLength || head[0] !== mark)
        throw failure('the bytes are not encrypted')
      // Nothing more can be said of a format that is not known.
      if (head[1] !== format)
        throw markUnreadable(failure('the bytes are encrypted by a release that is not known here'))
      const key = ring.get(Buffer.from(head.subarray(2)).toString('hex'))
      if (key === undefined)
        throw markUnreadable(failure('the bytes are encrypted with a key that is not among the keys'))
      const nonce = bytes.subarray(headLength, headLength + nonceLength)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
      decipher.setAAD(head)
      decipher.setAuthTag(bytes.subarray(-tagLength))
      const plain = decipher.update(bytes.subarray(headLength + nonceLength, -tagLength))
      try {
        decipher.final()
      } catch (error) {
        throw failure('the bytes were changed since they were encrypted', error)
      }
      return codec.decode(plain)
    },
  }
}

const unreadable = Symbol.for('transient.unreadable')

/**
 * Whether a `decode` error is about a whole value that somebody else can decode: encrypted with a key that is not in this ring, or by another
 * release. It is then to be left as it is, where damage may be replaced. By symbol, so that copies of this package understand each other.
 */
export function isUnreadable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && unreadable in error
}

function markUnreadable(error: TransientError): TransientError {
  return Object.defineProperty(error, unreadable, { value: true })
}

function failure(message: string, cause?: unknown): TransientError {
  return new TransientError('decode', { operation: 'encrypted.decode', message, cause })
}

function createRing(keys: EncryptionKey | readonly EncryptionKey[]): Map<string, KeyObject> {
  const list: readonly unknown[] = Array.isArray(keys) ? keys : [keys]
  if (list.length === 0) throw misuse(new TypeError('keys must be a key or an array of keys'))
  const ring = new Map<string, KeyObject>()
  for (const key of list) {
    const isKey =
      typeof key === 'string' ? key.length >= shortestSecret : key instanceof Uint8Array && key.length === keyLength
    if (!isKey)
      throw misuse(
        new TypeError(`each of keys must be a string of at least ${shortestSecret} characters or ${keyLength} bytes`),
      )
    const id = Buffer.from(derive(key as EncryptionKey, 'transient encryption key id', keyIdLength)).toString('hex')
    if (ring.has(id)) throw misuse(new TypeError('keys has the same key twice'))
    ring.set(id, createSecretKey(derive(key as EncryptionKey, 'transient encryption', keyLength)))
  }
  return ring
}

// One secret serves several purposes, each with a key of its own (RFC 5869).
function derive(key: EncryptionKey, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', purpose, length))
}
