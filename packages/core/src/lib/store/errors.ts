/**
 * What went wrong, stable across releases.
 *
 * - `unavailable`: the storage could not be reached, or the connection was lost before it answered.
 * - `timeout`: no answer within the deadline.
 * - `closed`: the store was used after `close()`.
 * - `too-large`: the value is over the store's limit; the old value is still there.
 * - `full`: the storage has no room and may not evict (Redis: `OOM`).
 * - `denied`: wrong or missing credentials, or no permission for the command.
 * - `read-only`: the storage takes no writes now (a replica, too few replicas, a failed snapshot).
 * - `wrong-type`: the key holds something that is not bytes of this library (Redis: `WRONGTYPE`).
 * - `not-a-counter`: `increment` met a value that is not decimal text of a safe integer.
 * - `overflow`: `increment` would leave the safe integers.
 * - `unsupported`: this store or server cannot do what was asked.
 * - `decode`: the stored bytes are not what the codec wrote.
 * - `conflict`: others kept writing first until the time for trying again was over; nothing was written.
 * - `session-ended`: the session was ended elsewhere; the change was not stored.
 * - `session-not-loaded`: session data was used before `load()`.
 * - `session-sealed`: a change came after the response had left.
 * - `session-unreadable`: the stored session is of a release this one cannot read; it was left untouched.
 * - `unknown`: the storage reported something this library has no code for; see `cause`.
 */
export type TransientErrorCode =
  | 'unavailable'
  | 'timeout'
  | 'closed'
  | 'too-large'
  | 'full'
  | 'denied'
  | 'read-only'
  | 'wrong-type'
  | 'not-a-counter'
  | 'overflow'
  | 'unsupported'
  | 'decode'
  | 'conflict'
  | 'session-ended'
  | 'session-not-loaded'
  | 'session-sealed'
  | 'session-unreadable'
  | 'unknown'

/** What an adapter knows when it reports a failure. */
export interface TransientErrorDetails {
  /** The verb that failed, for example `get` or `session.commit`. */
  readonly operation: string
  readonly key?: string | undefined
  readonly cause?: unknown
  /** For writes: `'no'` only when nothing of it can have reached the storage, else `'unknown'`. */
  readonly applied?: 'no' | 'unknown' | undefined
  /** What went wrong, for the reader of the message. Default: the code, in words. */
  readonly message?: string | undefined
}

const brand = Symbol.for('transient.error')

/** A failure of a store or of what stands on it. Act on `code`, never on the message. */
export class TransientError extends Error {
  readonly code: TransientErrorCode
  readonly operation: string
  readonly key: string | undefined
  readonly applied: 'no' | 'unknown' | undefined

  constructor(code: TransientErrorCode, details: TransientErrorDetails) {
    const { operation, key, cause, applied, message = code.replaceAll('-', ' ') } = details
    const subject = key === undefined ? '' : ` ${quoteKey(key)}`
    super(`${operation}${subject}: ${message}${causeText(cause)}`, cause === undefined ? undefined : { cause })
    this.name = 'TransientError'
    this.code = code
    this.operation = operation
    this.key = key
    this.applied = applied
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Whether a caught value is a {@link TransientError}, also one of another copy of this package. */
export function isTransientError(error: unknown): error is TransientError {
  return typeof error === 'object' && error !== null && brand in error
}

/** Makes a {@link TransientError} of whatever was caught. One that is a `TransientError` already comes back as it is. */
export function wrapError(error: unknown, code: TransientErrorCode, details: TransientErrorDetails): TransientError {
  return isTransientError(error) ? error : new TransientError(code, { ...details, cause: error })
}

/** A key as messages show it: quoted, and cut short. */
export function quoteKey(key: string): string {
  return JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key)
}

function causeText(cause: unknown): string {
  const reason = (cause as Partial<Error> | null | undefined)?.message
  return reason ? ` (${reason})` : ''
}
