import { describe, expect, test } from 'vitest'
import { copyOf, viewOf } from '../src/lib/value-argument.ts'

describe.each([
  ['copyOf', copyOf],
  ['viewOf', viewOf],
])('%s', (_, argument) => {
  test('makes text of ASCII, with every character of it', () => {
    const ascii = Uint8Array.from({ length: 128 }, (_unused, code) => code)
    expect(argument(ascii)).toBe(String.fromCharCode(...ascii))
    expect(argument(new Uint8Array())).toBe('')
    expect(argument(new Uint8Array(1024).fill(97))).toBe('a'.repeat(1024))
  })

  test('leaves one other byte, or a longer value, as it is', () => {
    const other = Uint8Array.from([97, 98, 128])
    expect(argument(other)).toEqual(Buffer.from(other))
    const longer = new Uint8Array(1025).fill(97)
    expect(argument(longer)).toEqual(Buffer.from(longer))
  })

  test('sees only its part of a larger buffer', () => {
    const whole = Uint8Array.from([200, 97, 98, 200])
    expect(argument(whole.subarray(1, 3))).toBe('ab')
    expect(argument(whole.subarray(1, 4))).toEqual(Buffer.from([97, 98, 200]))
  })
})

test('copyOf is not changed with the value, viewOf is', () => {
  const value = Uint8Array.from([200, 1])
  const copy = copyOf(value)
  const view = viewOf(value)
  value[1] = 2
  expect(copy).toEqual(Buffer.from([200, 1]))
  expect(view).toEqual(Buffer.from([200, 2]))
})
