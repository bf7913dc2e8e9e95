import { json, utf8 } from '@transient/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'

describe('json', () => {
  test.each([[null], [false], [0], [''], ['ÅÄÖ'], [[]], [{}], [{ a: [1, { b: 'c' }] }]])('brings back %j', (value) => {
    expect(json.decode(json.encode(value))).toEqual(value)
  })

  test('brings back every value that JSON has', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // -0 is 0 in JSON, by the rules of JSON.stringify.
        expect(json.decode(json.encode(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('brings back a lone surrogate inside a string, which JSON writes as an escape', () => {
    expect(json.decode(json.encode('a\uD800b'))).toBe('a\uD800b')
  })

  test('follows JSON.stringify: a Date is a string, a Map an empty object, NaN is null', () => {
    const value = { at: new Date(0), map: new Map([[1, 2]]), nan: Number.NaN, none: undefined }
    expect(json.decode(json.encode(value))).toEqual({ at: '1970-01-01T00:00:00.000Z', map: {}, nan: null })
  })

  test('a key named __proto__ is an ordinary property and changes no prototype', () => {
    const back = json.decode(
      utf8.encode('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}}}'),
    ) as object
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect((back as { isAdmin?: boolean }).isAdmin).toBeUndefined()
    expect(Object.keys(back)).toEqual(['__proto__', 'constructor'])
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
    expect(JSON.stringify(json.decode(json.encode(back)))).toBe(JSON.stringify(back))
  })

  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  test.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['a BigInt', 5n],
    ['a BigInt inside', { deep: [5n] }],
    ['a cycle', cycle],
    ['a value whose toJSON gives nothing', { toJSON: () => undefined }],
  ])('refuses %s with a TypeError', (_, value) => {
    const error = caught(() => json.encode(value))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('JSON') as string })
  })

  test.each(['', '{', '{"a":1', 'undefined', "{'a':1}", '\uFEFF{}', 'NaN', '[1,]'])('does not read %j', (text) => {
    expect(caught(() => json.decode(utf8.encode(text)))).toMatchObject({
      name: 'TransientError',
      code: 'decode',
      operation: 'json.decode',
      cause: expect.any(SyntaxError) as unknown,
    })
  })

  test('reports bytes that are no text as a decode error', () => {
    expect(caught(() => json.decode(Uint8Array.of(0x22, 0xff, 0x22)))).toMatchObject({ code: 'decode' })
  })
})
