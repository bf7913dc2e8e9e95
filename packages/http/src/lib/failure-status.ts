import { isTransientError, type Session, type TransientErrorCode } from '@transient/core'

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

/** The same session; what its methods reject with has a status, so that an error that leaves a handler is answered properly. */
export function withFailureStatuses<Data extends object>(session: Session<Data>): Session<Data> {
  const told = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw withFailureStatus(error)
    })
  const { load, update, commit, renew, destroy, seal } = session
  return {
    load: () => told(load()),
    update: (field, change) => told(update(field, change)),
    commit: () => told(commit()),
    renew: (options) => told(renew(options)),
    destroy: () => told(destroy()),
    seal,
    get data() {
      return session.data
    },
    get token() {
      return session.token
    },
    get expiresAt() {
      return session.expiresAt
    },
    get isNew() {
      return session.isNew
    },
    get isLoaded() {
      return session.isLoaded
    },
    get isDestroyed() {
      return session.isDestroyed
    },
    get endedBecause() {
      return session.endedBecause
    },
  }
}
