import assert from 'node:assert/strict'
import { isTransientError, type TransientError, type TransientErrorCode } from '@transient/core/store'

export interface ExpectedError {
  readonly code: TransientErrorCode | readonly TransientErrorCode[]
  readonly operation?: string
  /** The end of the error's key: decorators may put something in front. */
  readonly key?: string
  readonly applied?: 'no' | 'unknown' | 'either' | 'absent'
}

/** Asserts that a call answers with a promise, and that this rejects with a TransientError. */
export async function assertFails(call: () => Promise<unknown>, expected: ExpectedError): Promise<void> {
  assertTransientError(await rejection(call), expected)
}

export function assertTransientError(error: unknown, expected: ExpectedError): asserts error is TransientError {
  assert.ok(isTransientError(error), `expected a TransientError, got ${String(error)}`)
  const codes = typeof expected.code === 'string' ? [expected.code] : expected.code
  assert.ok(codes.includes(error.code), `expected the code ${codes.join(' or ')}, got ${error.code}: ${error.message}`)
  if (expected.operation !== undefined) assert.equal(error.operation, expected.operation)
  if (expected.key !== undefined) {
    assert.ok(error.key?.endsWith(expected.key), `expected the key ${expected.key}, got ${String(error.key)}`)
  }
  const { applied } = expected
  if (applied === 'either') assert.ok(error.applied !== undefined, 'a write says whether it may have been applied')
  else if (applied !== undefined) assert.equal(error.applied, applied === 'absent' ? undefined : applied)
}

/** Asserts that a call answers with a promise, and that this rejects as misuse. */
export async function assertMisuse(call: () => Promise<unknown>, name: 'TypeError' | 'RangeError'): Promise<void> {
  const error = await rejection(call)
  assert.ok(error instanceof Error && error.name === name, `expected a ${name}, got ${String(error)}`)
  assert.equal((error as Error & { code?: unknown }).code, 'invalid-argument')
}

async function rejection(call: () => Promise<unknown>): Promise<unknown> {
  let promise: Promise<unknown>
  try {
    promise = call()
  } catch (error) {
    throw new assert.AssertionError({ message: `expected a rejection, it was thrown: ${String(error)}` })
  }
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  assert.ok(
    'error' in outcome,
    `expected a rejection, it resolved${'value' in outcome ? ` with ${String(outcome.value)}` : ''}`,
  )
  return outcome.error
}
