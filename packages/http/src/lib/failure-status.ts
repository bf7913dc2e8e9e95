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

/**
 * Makes what the session's methods reject with have a status, so that an error that leaves a handler is answered properly; and a `load()` that
 * does not say what to do without a store do what the options say. The session stays the same object, as others may know it by.
 */
export function tellFailureStatuses<Data extends object, Message>(
  session: Session<Data, Message>,
  storeDown: 'throw' | 'anonymous',
): void {
  const { load, update, commit, renew, login, logout, setLifetime, takeFlash, destroy } = session
  const told: Pick<Session<Data, Message>, Rejecting> = {
    load: (options) => tell(load({ storeDown, ...options })),
    update: (field, change) => tell(update(field, change)),
    commit: () => tell(commit()),
    renew: (options) => tell(renew(options)),
    login: (userId, attributes, options) => tell(login(userId, attributes, options)),
    logout: (options) => tell(logout(options)),
    setLifetime: (lifetime) => tell(setLifetime(lifetime)),
    takeFlash: (queue) => tell(takeFlash(queue)),
    destroy: () => tell(destroy()),
  }
  Object.assign(session, told)
}

type Rejecting = 'load' | 'update' | 'commit' | 'renew' | 'login' | 'logout' | 'setLifetime' | 'takeFlash' | 'destroy'

function tell<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw withFailureStatus(error)
  })
}
