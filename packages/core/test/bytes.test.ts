import { bytes } from '@transient/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'

describe('bytes', () => {
  test('brings back any bytes, and all 256 of them', () => {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect(bytes.decode(bytes.encode(all))).toEqual(all)
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        expect(bytes.decode(bytes.encode(value))).toEqual(value)
      }),
    )
  })

  test('copies nothing: stores copy what they are given', () => {
    const value = Buffer.from('text')
    expect(bytes.encode(value)).toBe(value)
    expect(bytes.decode(value)).toBe(value)
  })

  test.each([['text'], [[1, 2]], [new ArrayBuffer(2)], [new Uint16Array(2)], [undefined], [null]])(
    'refuses %o, which is no Uint8Array',
    (value) => {
      const error = caught(() => bytes.encode(value as unknown as Uint8Array))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'invalid-argument' })
    },
  )
})
