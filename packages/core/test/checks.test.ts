import {
  checkCompareAndSet,
  checkDelta,
  checkEntries,
  checkKey,
  checkKeys,
  checkListener,
  checkTtl,
  checkValue,
  misuse,
} from '@transient/core/store'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'

const a = Uint8Array.of(1, 2, 3)

function expectMisuse(kind: typeof TypeError | typeof RangeError, call: () => void): void {
  const error = caught(call)
  expect(error).toBeInstanceOf(kind)
  expect(error).toMatchObject({ code: 'invalid-argument' })
}

describe('checks', () => {
  test('misuse keeps the error and marks it with its code', () => {
    const error = new RangeError('no')
    expect(misuse(error)).toBe(error)
    expect(misuse(error).code).toBe('invalid-argument')
  })

  test.each(['', ' ', '*?[]\\', '\0', '\n', '🦀', '__proto__', 'k'.repeat(1_000_000)])('take the key %.20j', (key) => {
    expect(() => checkKey(key)).not.toThrow()
    expect(() => checkKeys([key, key])).not.toThrow()
  })

  test.each([['\uD800'], ['a\uDFFF'], [5], [undefined], [null], [Symbol('k')], [['k']], [new String('k')]])(
    'refuse the key %o with a TypeError',
    (key) => {
      expectMisuse(TypeError, () => checkKey(key))
      expectMisuse(TypeError, () => checkKeys(['fine', key]))
      expectMisuse(TypeError, () => checkEntries([{ key, value: a, ttl: 1 }]))
    },
  )

  test.each([['text'], [undefined], [{ length: 0 }], [new Set(['k'])]])(
    'refuse %o where keys must be an array',
    (keys) => {
      expectMisuse(TypeError, () => checkKeys(keys))
      expectMisuse(TypeError, () => checkEntries(keys))
    },
  )

  test('refuse an array with holes', () => {
    expectMisuse(TypeError, () => checkKeys(Array(2)))
    expectMisuse(TypeError, () => checkEntries(Array(2)))
  })

  test.each([1, 1.0, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])('take the expiry %d', (ttl) => {
    expect(() => checkTtl(ttl)).not.toThrow()
  })

  test.each([
    [0],
    [-0],
    [-1],
    [1.5],
    [Number.NaN],
    [Number.NEGATIVE_INFINITY],
    [2 ** 53],
    ['1000'],
    [undefined],
    [null],
    [5n],
  ])('refuse the expiry %o with a RangeError that names it', (ttl) => {
    expectMisuse(RangeError, () => checkTtl(ttl))
    expectMisuse(RangeError, () => checkEntries([{ key: 'k', value: a, ttl }]))
    expect(caught(() => checkTtl(ttl, 'touch'))).toMatchObject({
      message: expect.stringMatching(/^touch must be/) as string,
    })
  })

  test('take Buffers and Uint8Arrays as values, and nothing else', () => {
    for (const value of [a, new Uint8Array(), Buffer.from('x'), a.subarray(1)])
      expect(() => checkValue(value)).not.toThrow()
    for (const value of [
      'text',
      [1],
      new ArrayBuffer(1),
      new Uint16Array(1),
      new DataView(new ArrayBuffer(1)),
      null,
      undefined,
    ])
      expectMisuse(TypeError, () => checkValue(value))
  })

  test('refuse entries that are no objects, or miss a part', () => {
    for (const entry of [null, undefined, 'k', 5]) expectMisuse(TypeError, () => checkEntries([entry]))
    expectMisuse(TypeError, () => checkEntries([{ key: 'k', ttl: 1 }]))
    expectMisuse(RangeError, () => checkEntries([{ key: 'k', value: a }]))
    expect(() => checkEntries([])).not.toThrow()
  })

  test.each([[0.5], [Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 53], ['1'], [undefined]])(
    'refuse the step %o of a counter',
    (delta) => {
      expectMisuse(RangeError, () => checkDelta(delta))
    },
  )

  test('take any safe integer as a step, 0 and negative ones included', () => {
    for (const delta of [0, -1, 1, Number.MIN_SAFE_INTEGER]) expect(() => checkDelta(delta)).not.toThrow()
  })

  describe('of compareAndSet', () => {
    test('take its three forms', () => {
      expect(() => checkCompareAndSet('k', null, a, 1, undefined)).not.toThrow()
      expect(() => checkCompareAndSet('k', a, a, Number.POSITIVE_INFINITY, {})).not.toThrow()
      expect(() => checkCompareAndSet('k', a, a, 'keep', { stamp: 3 })).not.toThrow()
      expect(() => checkCompareAndSet('k', a, null, undefined, { stamp: 1 })).not.toThrow()
    })

    test('refuse what expects nothing and leaves nothing', () => {
      expectMisuse(TypeError, () => checkCompareAndSet('k', null, null, undefined, undefined))
    })

    test('refuse an expiry where it deletes, and to keep one where it creates', () => {
      expectMisuse(TypeError, () => checkCompareAndSet('k', a, null, 1000, undefined))
      expectMisuse(TypeError, () => checkCompareAndSet('k', a, null, 'keep', undefined))
      expectMisuse(TypeError, () => checkCompareAndSet('k', null, a, 'keep', undefined))
    })

    test('refuse a missing expiry, a bad one, and what is neither bytes nor null', () => {
      for (const ttl of [undefined, 0, 'KEEP'])
        expectMisuse(RangeError, () => checkCompareAndSet('k', a, a, ttl, undefined))
      expectMisuse(TypeError, () => checkCompareAndSet('k', undefined, a, 1, undefined))
      expectMisuse(TypeError, () => checkCompareAndSet('k', a, undefined, 1, undefined))
      expectMisuse(TypeError, () => checkCompareAndSet(5, a, a, 1, undefined))
    })

    test.each([0, -1, 1.5, Number.NaN])('refuse a stamp of %d bytes', (stamp) => {
      expectMisuse(RangeError, () => checkCompareAndSet('k', a, a, 1, { stamp }))
    })

    test('refuse values that are shorter than their stamp', () => {
      expectMisuse(RangeError, () => checkCompareAndSet('k', a, new Uint8Array(4), 1, { stamp: 4 }))
      expectMisuse(RangeError, () => checkCompareAndSet('k', null, a, 1, { stamp: 4 }))
      expectMisuse(RangeError, () => checkCompareAndSet('k', a, null, undefined, { stamp: 4 }))
    })
  })

  test('refuse a listener that is no function', () => {
    expectMisuse(TypeError, () => checkListener({ handleEvent: () => {} }))
    expect(() => checkListener(() => {})).not.toThrow()
  })
})
