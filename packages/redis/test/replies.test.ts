import { describe, expect, it } from 'vitest'
import { counter, done, timeLeft, value } from '../src/lib/replies.ts'

describe('what is left of a life', () => {
  it('is the number of PTTL, with a word for absent and for ever', () => {
    expect(timeLeft(1500)).toBe(1500)
    expect(timeLeft('1500')).toBe(1500)
    expect(timeLeft(-1)).toBe(Number.POSITIVE_INFINITY)
    expect(timeLeft(-2)).toBeUndefined()
  })

  it('is something that can be set again: positive and safe', () => {
    expect(timeLeft(0)).toBe(1)
    expect(timeLeft(2 ** 53)).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('a reply', () => {
  it('of nil is no value, and one of no bytes is', () => {
    expect(value(null)).toBeUndefined()
    expect(value(Buffer.alloc(0))).toEqual(Buffer.alloc(0))
  })

  it('of OK or 1 is done, one of nil or 0 is not', () => {
    expect([Buffer.from('OK'), 1, '1'].map(done)).toEqual([true, true, true])
    expect([null, 0, '0'].map(done)).toEqual([false, false, false])
  })

  it('of the increment script is a counter or the reason why not', () => {
    expect(counter([Buffer.from('-5'), 10])).toEqual({ value: -5, ttl: 10 })
    expect(counter(['9007199254740991', -1])).toEqual({ value: Number.MAX_SAFE_INTEGER, ttl: Number.POSITIVE_INFINITY })
    expect(counter(Buffer.from('overflow'))).toBe('overflow')
  })
})
