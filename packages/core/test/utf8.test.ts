import { utf8 } from '@transient/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'

describe('utf8', () => {
  test.each([
    ['ÅÄÖ', 'ÅÄÖ'],
    ['the empty string', ''],
    ['emoji, joined and plain', '👩‍👩‍👧‍👦 🦀'],
    ['NUL', 'a\0b\0'],
    ['a leading byte order mark', '\uFEFFtext'],
    ['line breaks of all kinds', '\r\n\u2028\u2029\u0085'],
    ['the replacement character itself', '\uFFFD'],
    ['noncharacters', '\uFFFE\uFFFF\u{10FFFF}'],
  ])('brings back %s as it went in', (_, text) => {
    expect(utf8.decode(utf8.encode(text))).toBe(text)
  })

  test('writes the bytes that UTF-8 has for the text', () => {
    expect([...utf8.encode('Å€🦀')]).toEqual([0xc3, 0x85, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xa6, 0x80])
  })

  test('brings back every well-formed string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8.decode(utf8.encode(text))).toBe(text)
      }),
    )
  })

  test.each(['\uD83D', 'a\uDC00', '\uDC00\uD800', 'x\uD800y'])('refuses the lone surrogate in %j', (text) => {
    const error = caught(() => utf8.encode(text))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('lone surrogate') as string,
    })
  })

  test.each([[5], [undefined], [null], [new Uint8Array(1)], [{}]])(
    'refuses to encode %o, which is no string',
    (value) => {
      const error = caught(() => utf8.encode(value as unknown as string))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'invalid-argument' })
    },
  )

  test.each([
    ['a byte that no text has', [0xff]],
    ['a cut character', [0xc3]],
    ['a cut emoji', [0xf0, 0x9f, 0xa6]],
    ['an overlong form', [0xc0, 0x80]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond the last', [0xf4, 0x90, 0x80, 0x80]],
    ['a stray continuation byte', [0x61, 0x80]],
  ])('reports %s as a decode error, and never as U+FFFD', (_, bytes) => {
    expect(caught(() => utf8.decode(Uint8Array.from(bytes)))).toMatchObject({
      name: 'TransientError',
      code: 'decode',
      operation: 'utf8.decode',
      cause: expect.anything() as unknown,
    })
  })

  test('is usable again after malformed bytes', () => {
    caught(() => utf8.decode(Uint8Array.of(0xc3)))
    expect(utf8.decode(utf8.encode('Ö'))).toBe('Ö')
  })
})
