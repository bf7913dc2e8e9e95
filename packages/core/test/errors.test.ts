import { isTransientError, TransientError } from '@transient/core'
import { misuse, quoteKey, wrapError } from '@transient/core/store'
import { describe, expect, test, vi } from 'vitest'

describe('a TransientError', () => {
  test('names the operation, the key and the cause in its message, and carries them', () => {
    const cause = new Error('ECONNREFUSED')
    const error = new TransientError('unavailable', { operation: 'get', key: 'a"b', cause, applied: 'no' })
    expect(error.message).toBe('get "a\\"b": unavailable (ECONNREFUSED)')
    expect(error).toMatchObject({
      name: 'TransientError',
      code: 'unavailable',
      operation: 'get',
      key: 'a"b',
      applied: 'no',
    })
    expect(error.cause).toBe(cause)
    expect(error).toBeInstanceOf(Error)
    expect(error.stack).toContain('errors.test.ts')
  })

  test('says its code in words where there is nothing better to say', () => {
    expect(new TransientError('session-not-loaded', { operation: 'session.data' }).message).toBe(
      'session.data: session not loaded',
    )
    expect(new TransientError('full', { operation: 'set', message: 'no room' }).message).toBe('set: no room')
  })

  test('has no cause property where there was no cause', () => {
    expect('cause' in new TransientError('closed', { operation: 'get' })).toBe(false)
  })

  test('cuts a long key short, line breaks escaped, also in the middle of an emoji', () => {
    expect(quoteKey('a\nb')).toBe('"a\\nb"')
    expect(quoteKey(`${'k'.repeat(79)}🦀${'x'.repeat(100)}`)).toBe(`"${'k'.repeat(79)}\\ud83e…"`)
    expect(new TransientError('closed', { operation: 'get', key: 'k'.repeat(10_000) }).message.length).toBeLessThan(200)
  })
})

describe('isTransientError', () => {
  test('knows an error of another copy of the package', async () => {
    vi.resetModules()
    const copy = await import('@transient/core')
    expect(copy.TransientError).not.toBe(TransientError)
    const foreign = new copy.TransientError('timeout', { operation: 'get' })
    expect(foreign).not.toBeInstanceOf(TransientError)
    expect(isTransientError(foreign)).toBe(true)
    expect(copy.isTransientError(new TransientError('timeout', { operation: 'get' }))).toBe(true)
    expect(wrapError(foreign, 'unknown', { operation: 'set' })).toBe(foreign)
  })

  test.each([
    [undefined],
    [null],
    ['timeout'],
    [new Error('timeout')],
    [{ name: 'TransientError', code: 'timeout' }],
    [misuse(new TypeError('a key must be a string'))],
  ])('says no to %o', (value) => {
    expect(isTransientError(value)).toBe(false)
  })
})

describe('wrapError', () => {
  test('makes a TransientError of whatever was caught', () => {
    const cause = new Error('boom')
    expect(wrapError(cause, 'unknown', { operation: 'set', key: 'k', applied: 'unknown' })).toMatchObject({
      code: 'unknown',
      operation: 'set',
      key: 'k',
      applied: 'unknown',
      cause,
      message: 'set "k": unknown (boom)',
    })
    expect(wrapError('text', 'unknown', { operation: 'set' }).cause).toBe('text')
  })

  test('gives a TransientError back as it is: nobody wraps twice', () => {
    const error = new TransientError('closed', { operation: 'get', key: 'inner' })
    expect(wrapError(error, 'unavailable', { operation: 'set', key: 'outer' })).toBe(error)
  })
})
