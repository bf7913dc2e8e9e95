import { type Channel, channel } from 'node:diagnostics_channel'
import { isTransientError, type SessionFailure, type TransientErrorCode } from '@transient/core'

const failedChannel = /* @__PURE__ */ channel('transient:session:failed') as Channel<unknown, SessionFailure>
/** An error passes here more than once on its way to the answer. */
const told = new WeakSet<object>()

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
 * Told once on the channel `transient:session:failed`, because what answers it need not log it.
 */
export function withFailureStatus(error: unknown): unknown {
  if (!isTransientError(error)) return error
  const status = statuses[error.code] ?? 500
  if (!told.has(error)) {
    told.add(error)
    failedChannel.publish({ code: error.code, operation: error.operation })
  }
  return Object.assign(error, { status, statusCode: status, expose: false })
}
