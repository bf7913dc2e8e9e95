import zlib from 'node:zlib'
import {
  bytes,
  type CompressionMethod,
  compressed,
  createCache,
  encrypted,
  isTransientError,
  json,
} from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'

const all: CompressionMethod[] = ['deflate', 'brotli', 'zstd']
const methods = all.filter((method) => method !== 'zstd' || 'zstdCompressSync' in zlib)
const marks = { deflate: 1, brotli: 2, zstd: 3 }
const damage = { name: 'TransientError', code: 'decode', operation: 'compressed.decode' }

describe.each(methods)('compressed by %s', (method) => {
  test('gives back what went in, whatever it is, and at whatever threshold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(200), fc.integer({ min: 1, max: 200 }), (value, threshold, times) => {
        const form = JSON.parse(JSON.stringify(Array.from({ length: times }, () => value))) as unknown
        const codec = compressed(json, { threshold, method })
        expect(codec.decode(codec.encode(form))).toEqual(form)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (value) => {
        const codec = compressed(bytes, { threshold: 0, method })
        expect(Buffer.compare(codec.decode(codec.encode(value)), value)).toBe(0)
      }),
    )
  })

  test('is smaller where it is worth it, and says how in its first byte', () => {
    const codec = compressed(bytes, { threshold: 100, method })
    const long = codec.encode(new Uint8Array(10_000))
    expect(long[0]).toBe(marks[method])
    expect(long.length).toBeLessThan(100)
    expect(codec.encode(new Uint8Array(100))[0]).toBe(marks[method])
    expect(codec.encode(new Uint8Array(99))).toEqual(new Uint8Array(100))
  })

  test('leaves what would not get smaller as it is', () => {
    const noise = Uint8Array.from({ length: 5000 }, (_, at) => (Math.imul(at + 1, 2654435761) >>> 13) ^ (at * at))
    const packed = zlib.deflateRawSync(zlib.brotliCompressSync(noise))
    const encoded = compressed(bytes, { threshold: 0, method }).encode(packed)
    expect(encoded.length).toBe(packed.length + 1)
    expect(encoded[0]).toBe(0)
    expect(compressed(bytes, { threshold: 0, method }).encode(new Uint8Array())).toEqual(new Uint8Array([0]))
  })

  test('is read by whoever writes with another method or threshold', () => {
    const value = { text: 'Smörgås '.repeat(500) }
    const written = compressed(json, { method }).encode(value)
    for (const other of methods)
      expect(compressed(json, { method: other, threshold: 1e9 }).decode(written)).toEqual(value)
  })

  test('does not unpack a bomb, and packs nothing that would be one', () => {
    const bomb = compressed(bytes, { method }).encode(new Uint8Array(2_000_000))
    expect(bomb.length).toBeLessThan(5000)
    const careful = compressed(bytes, { method, maxBytes: 1_999_999 })
    expect(caught(() => careful.decode(bomb))).toMatchObject(damage)
    expect(compressed(bytes, { method, maxBytes: 2_000_000 }).decode(bomb)).toHaveLength(2_000_000)
    expect(careful.decode(careful.encode(new Uint8Array(2_000_000)))).toHaveLength(2_000_000)
  })

  test('says of bytes that are cut short that they are damaged, at every length', () => {
    const codec = compressed(bytes, { threshold: 0, method })
    const whole = codec.encode(Uint8Array.from({ length: 400 }, (_, at) => at % 50))
    expect(whole[0]).toBe(marks[method])
    for (let length = 0; length < whole.length; length++)
      expect(caught(() => codec.decode(whole.subarray(0, length)))).toMatchObject(damage)
  })

  test('answers any bytes with a value or with a decode error, and with nothing else', () => {
    const codec = compressed(json, { threshold: 0, method, maxBytes: 100_000 })
    const whole = codec.encode({ text: 'Smörgås '.repeat(50) })
    const isHarmless = (form: Uint8Array) => {
      try {
        codec.decode(form)
      } catch (error) {
        expect(isTransientError(error) && error.code).toBe('decode')
      }
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Uint8Array.from(whole)
        damaged[at] = (damaged[at] as number) ^ change
        isHarmless(damaged)
      }),
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), isHarmless))
  })
})

describe('compressed', () => {
  test('begins at a kilobyte, and packs by deflate', () => {
    const codec = compressed(bytes)
    expect(codec.encode(new Uint8Array(1023))[0]).toBe(0)
    expect(codec.encode(new Uint8Array(1024))[0]).toBe(1)
  })

  test('does not know a method of later releases', () => {
    const codec = compressed(bytes)
    for (const mark of [4, 0xff]) expect(caught(() => codec.decode(new Uint8Array([mark, 1])))).toMatchObject(damage)
    expect(caught(() => codec.decode(new Uint8Array()))).toMatchObject(damage)
  })

  test('lets the errors of the other codec through', () => {
    expect(caught(() => compressed(json).encode(1n))).toMatchObject({ code: 'invalid-argument' })
    expect(caught(() => compressed(json).decode(new Uint8Array([0, 0x7b])))).toMatchObject({ code: 'decode' })
  })

  test.each([
    { threshold: -1 },
    { threshold: 1.5 },
    { threshold: '1kb' },
    { maxBytes: 0 },
    { maxBytes: Number.NaN },
    { method: 'gzip' },
    { method: '__proto__' },
    { method: 'toString' },
  ])('refuses at creation: %j', (options) => {
    expect(caught(() => compressed(json, options as never))).toMatchObject({ code: 'invalid-argument' })
  })

  test('works under encryption and in a cache, where damaged bytes are a miss', async () => {
    const store = createMemoryStore()
    const codec = encrypted(compressed(json), 'a secret of more than thirty-two characters')
    const cache = createCache(store, { codec })
    const value = { text: 'Smörgås '.repeat(1000) }
    await cache.set('key', value)
    const stored = (await store.get('cache:v:key')) as Uint8Array
    expect(stored.length).toBeLessThan(500)
    expect(await cache.get('key')).toEqual(value)
    await store.set('cache:v:key', stored.subarray(0, -3), 60_000)
    expect(await cache.get('key')).toBeUndefined()
    expect(await cache.getOrSet('key', () => 'anew')).toBe('anew')
  })
})
