import { number, utf8 } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'

describe('number', () => {
  test.each([0, 1, -1, 1.5, 1e21, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    'brings back %d',
    (value) => {
      expect(number.decode(number.encode(value))).toBe(value)
    },
  )

  test('brings back every finite number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(number.decode(number.encode(value))).toBe(value === 0 ? 0 : value)
      }),
    )
  })

  test('gives -0 back as 0', () => {
    expect(Object.is(number.decode(number.encode(-0)), 0)).toBe(true)
  })

  test('reads and writes the form that counters have in a store', async () => {
    const store = createMemoryStore()
    await store.set('count', number.encode(41), 1000)
    await store.increment('count', 1, 1000)
    expect(number.decode((await store.get('count')) as Uint8Array)).toBe(42)
  })

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY], ['5'], [5n], [null], [undefined]])(
    'refuses to encode %o',
    (value) => {
      const error = caught(() => number.encode(value as unknown as number))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'invalid-argument' })
    },
  )

  test.each(['', ' 1', '1 ', '007', '+1', '1.0', '0x10', '-0', 'NaN', 'Infinity', '1e3', '1_000', 'one'])(
    'does not read %j, which it would not have written',
    (text) => {
      expect(caught(() => number.decode(utf8.encode(text)))).toMatchObject({
        name: 'TransientError',
        code: 'decode',
        operation: 'number.decode',
      })
    },
  )

  test('reports bytes that are no text as a decode error', () => {
    expect(caught(() => number.decode(Uint8Array.of(0xff)))).toMatchObject({ code: 'decode' })
  })
})
