import { isTransientError, type TransientErrorCode } from '@transient/core'

// A session that was ended elsewhere is a conflict with what the visitor did; without a working store only waiting helps.
const statuses: Partial<Record<TransientErrorCode, number>> = {
  'session-ended': 409,
  'session-unreadable': 503,
  unavailable: 503,
  timeout: 503,
  closed: 503,
  full: 503,
  denied: 503,
  'read-only': 503,
  conflict: 503,
}

/**
 * Puts what frameworks look for on an error that goes to their error handling: `status` and `statusCode` (409 if the session was
 * ended elsewhere, 503 if the store cannot be used now, else 500) and `expose: false`. The error stays the same object.
 */
export function withFailureStatus(error: unknown): unknown {
  if (!isTransientError(error)) return error
  const status = statuses[error.code] ?? 500
  return Object.assign(error, { status, statusCode: status, expose: false })
}
