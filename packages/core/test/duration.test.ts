import { type Duration, parseDuration } from '@transient/core'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['1s', 1000],
    ['20m', 1_200_000],
    ['8h', 28_800_000],
    ['14d', 1_209_600_000],
    ['007s', 7000],
    [1, 1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ] as const)('of %o is %d milliseconds', (duration, milliseconds) => {
    expect(parseDuration(duration as Duration)).toBe(milliseconds)
  })

  test.each([
    '5 minuts',
    '20',
    'm',
    '',
    ' 20m',
    '20m ',
    '20 m',
    '20M',
    '1.5h',
    '-1s',
    '+1s',
    '1e3s',
    '0x10s',
    '1h30m',
    'Infinity',
    'Infinitys',
    '٣s',
    '20m\n',
  ])('of %j is a RangeError that shows what is right, and what was given', (duration) => {
    const error = caught(() => parseDuration(duration as Duration, 'idleTimeout'))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/^idleTimeout must be like '500ms'.*'14d', not ".*"$/s) as string,
    })
  })

  test.each([0, -1, -0, Number.NaN, 1.5, Number.NEGATIVE_INFINITY, 2 ** 53])('of %d is a RangeError', (duration) => {
    const error = caught(() => parseDuration(duration, 'idleTimeout'))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/^idleTimeout must/) as string,
    })
  })

  test.each(['0s', '0ms', '000d'])('of %j is a RangeError: nothing lives for no time', (duration) => {
    expect(caught(() => parseDuration(duration as Duration))).toBeInstanceOf(RangeError)
  })

  test.each([
    ['beyond the safe integers', '999999999999d'],
    ['beyond every number', `${'9'.repeat(400)}s`],
  ])('that overflows, %s, is a RangeError and never "for ever"', (_, duration) => {
    const error = caught(() => parseDuration(duration as Duration, 'grace'))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringMatching(/^grace must/) as string })
  })

  test.each([[undefined], [null], [true], [{}], [5n]])('of %o is a RangeError', (duration) => {
    expect(caught(() => parseDuration(duration as never))).toBeInstanceOf(RangeError)
  })
})
