import { webcrypto } from 'node:crypto'
import { bytes, type Codec, encrypted, json, utf8 } from '@transient/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isUnreadable } from '../src/lib/codec/encrypted.ts'
import { caught } from './caught.ts'

const secret = 'a secret of more than thirty-two characters'
const newer = 'a newer secret of more than thirty-two characters'
const rawKey = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
const damage = { name: 'TransientError', code: 'decode', operation: 'encrypted.decode' }

/** How much longer than its content an encrypted value is: mark, format, key id, nonce, tag. */
const overhead = 1 + 1 + 6 + 12 + 16

/** The envelope opened by another implementation of AES-GCM and HKDF, from its description alone. */
async function openedElsewhere(key: string | Uint8Array, sealed: Uint8Array): Promise<string> {
  const { subtle } = webcrypto
  const material = typeof key === 'string' ? new TextEncoder().encode(key) : key
  const base = await subtle.importKey('raw', Uint8Array.from(material), 'HKDF', false, ['deriveBits'])
  const derive = async (purpose: string, length: number) => {
    const info = new TextEncoder().encode(purpose)
    const params = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
    return Buffer.from(await subtle.deriveBits(params, base, length * 8))
  }
  const envelope = Buffer.from(sealed)
  expect(envelope[0]).toBe(0xff)
  expect(envelope[1]).toBe(1)
  expect(envelope.subarray(2, 8)).toEqual(await derive('transient encryption key id', 6))
  const aes = await subtle.importKey('raw', await derive('transient encryption', 32), 'AES-GCM', false, ['decrypt'])
  const params = { name: 'AES-GCM', iv: envelope.subarray(8, 20), additionalData: envelope.subarray(0, 8) }
  return Buffer.from(await subtle.decrypt(params, aes, envelope.subarray(20))).toString()
}

describe('encrypted', () => {
  test('gives back what went in, whatever it is', () => {
    const codec = encrypted(json, secret)
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const form = JSON.parse(JSON.stringify(value)) as unknown
        expect(codec.decode(codec.encode(form))).toEqual(form)
      }),
    )
    const raw = encrypted(bytes, rawKey)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (value) => {
        expect(Buffer.from(raw.decode(raw.encode(value)))).toEqual(Buffer.from(value))
      }),
    )
  })

  test('hides the content, and is 36 bytes longer', () => {
    const value = { iban: 'SE35 5000 0000 0549 1000 0003' }
    const sealed = encrypted(json, secret).encode(value)
    expect(Buffer.from(sealed).toString('latin1')).not.toContain('SE35')
    expect(sealed.length).toBe(json.encode(value).length + overhead)
    expect(encrypted(bytes, secret).encode(new Uint8Array()).length).toBe(overhead)
  })

  test('makes other bytes of equal values each time', () => {
    const codec = encrypted(utf8, secret)
    const all = Array.from({ length: 1000 }, () => Buffer.from(codec.encode('x')))
    expect(new Set(all.map((sealed) => sealed.subarray(8, 20).toString('hex'))).size).toBe(1000)
    expect(new Set(all.map((sealed) => sealed.toString('hex'))).size).toBe(1000)
  })

  test.each([
    ['a text', secret],
    ['32 bytes', rawKey],
  ])('with %s as key is AES-256-GCM with a key derived by HKDF, as another implementation confirms', async (_, key) => {
    expect(await openedElsewhere(key, encrypted(utf8, key).encode('ÅÄÖ 🦀'))).toBe('ÅÄÖ 🦀')
  })

  test('is never text, so that what was stored before encryption is not taken for it', () => {
    const codec = encrypted(json, secret)
    expect(() => utf8.decode(codec.encode('x'))).toThrow(expect.objectContaining({ code: 'decode' }))
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const error = caught(() => codec.decode(json.encode(text)))
        expect(error).toMatchObject(damage)
        expect(isUnreadable(error)).toBe(false)
      }),
    )
  })

  test('of which one bit was changed, anywhere, is a decode error', () => {
    const codec = encrypted(utf8, secret)
    const sealed = codec.encode('fifteen letters')
    for (let at = 0; at < sealed.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Uint8Array.from(sealed)
        changed[at] = (changed[at] as number) ^ (1 << bit)
        expect(caught(() => codec.decode(changed))).toMatchObject(damage)
      }
    }
  })

  test('cut off anywhere, or with something behind it, is a decode error', () => {
    const codec = encrypted(utf8, secret)
    const sealed = codec.encode('fifteen letters')
    for (let length = 0; length < sealed.length; length++)
      expect(caught(() => codec.decode(sealed.subarray(0, length)))).toMatchObject(damage)
    expect(caught(() => codec.decode(Buffer.concat([sealed, Uint8Array.of(0)])))).toMatchObject(damage)
  })

  test('of which the mark of the key was changed to that of another in the ring is a decode error', () => {
    const both = encrypted(utf8, [secret, newer])
    const sealed = Buffer.from(both.encode('x'))
    Buffer.from(encrypted(utf8, newer).encode('x')).copy(sealed, 2, 2, 8)
    const error = caught(() => both.decode(sealed))
    expect(error).toMatchObject(damage)
    expect(isUnreadable(error)).toBe(false)
  })

  test('any bytes at all are a decode error', () => {
    const codec = encrypted(json, secret)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (value) => {
        expect(caught(() => codec.decode(value))).toMatchObject(damage)
        expect(caught(() => codec.decode(Uint8Array.of(0xff, 1, ...value)))).toMatchObject(damage)
      }),
    )
  })

  test('does not tell the content in its errors', () => {
    const codec = encrypted(utf8, secret)
    const changed = codec.encode('SE35 5000')
    changed[25] = (changed[25] as number) ^ 1
    const { message, cause } = caught(() => codec.decode(changed)) as Error
    expect(message + String(cause)).not.toMatch(/SE35|secret of more/)
  })

  test('decodes only what the inner codec understands: its own error comes through', () => {
    const sealed = encrypted(utf8, secret).encode('{oops')
    expect(caught(() => encrypted(json, secret).decode(sealed))).toMatchObject({
      code: 'decode',
      operation: 'json.decode',
    })
    expect(caught(() => encrypted(json, secret).encode(undefined))).toBeInstanceOf(TypeError)
  })

  test('composes: twice encrypted, each with its own key', () => {
    const codec = encrypted(encrypted(json, secret), newer)
    expect(codec.decode(codec.encode({ a: 1 }))).toEqual({ a: 1 })
    expect(codec.encode('').length).toBe(2 + 2 * overhead)
  })

  test('has the type of its codec', () => {
    const text: Codec<string> = encrypted(utf8, secret)
    const anything: Codec<unknown> = encrypted(json, secret)
    expect([text, anything]).toHaveLength(2)
  })
})

describe('a ring of keys', () => {
  test('encrypts with the first and decrypts with all', () => {
    const old = encrypted(utf8, secret)
    const rotated = encrypted(utf8, [newer, secret, rawKey])
    expect(rotated.decode(old.encode('old'))).toBe('old')
    expect(rotated.decode(encrypted(utf8, rawKey).encode('raw'))).toBe('raw')
    expect(encrypted(utf8, newer).decode(rotated.encode('new'))).toBe('new')
    expect(caught(() => old.decode(rotated.encode('new')))).toMatchObject(damage)
  })

  test('tells a whole value of an unknown key, or of a later format, from damage', () => {
    const codec = encrypted(utf8, secret)
    const foreign = encrypted(utf8, newer).encode('x')
    const later = Uint8Array.from(codec.encode('x'))
    later[1] = 2
    for (const whole of [foreign, later]) {
      const error = caught(() => codec.decode(whole))
      expect(error).toMatchObject(damage)
      expect(isUnreadable(error)).toBe(true)
    }
    const changed = Uint8Array.from(codec.encode('x'))
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1
    for (const value of [changed, foreign.subarray(0, overhead - 1), new Uint8Array()])
      expect(isUnreadable(caught(() => codec.decode(value)))).toBe(false)
    expect([undefined, null, 'x', new Error()].some(isUnreadable)).toBe(false)
  })

  test('passes on what it is told through another encryption', () => {
    const sealed = encrypted(encrypted(utf8, newer), secret).encode('x')
    expect(isUnreadable(caught(() => encrypted(encrypted(utf8, rawKey), secret).decode(sealed)))).toBe(true)
  })

  test('keeps its keys, whatever becomes of the array and the bytes', () => {
    const own = Uint8Array.from(rawKey)
    const list: (string | Uint8Array)[] = [own]
    const codec = encrypted(utf8, list)
    const sealed = codec.encode('x')
    own.fill(0)
    list[0] = secret
    expect(codec.decode(sealed)).toBe('x')
    expect(encrypted(utf8, rawKey).decode(codec.encode('y'))).toBe('y')
  })

  test.each([
    ['a short text', 'x'.repeat(31)],
    ['31 bytes', new Uint8Array(31)],
    ['33 bytes', new Uint8Array(33)],
    ['nothing', undefined],
    ['null', null],
    ['a number', 32],
    ['no keys', []],
    ['a short text among others', [secret, 'short']],
    ['a text twice', [secret, newer, secret]],
    ['bytes twice', [rawKey, Uint8Array.from(rawKey)]],
    ['a text and the same as bytes', ['x'.repeat(32), new Uint8Array(32).fill(0x78)]],
  ])('of %s is refused at once', (_, keys) => {
    const error = caught(() => encrypted(json, keys as string))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'invalid-argument' })
  })

  test('without a codec is refused at once', () => {
    for (const codec of [undefined, null, {}, { encode: () => new Uint8Array() }, 'json'])
      expect(caught(() => encrypted(codec as unknown as Codec<unknown>, secret))).toMatchObject({
        code: 'invalid-argument',
      })
  })
})
