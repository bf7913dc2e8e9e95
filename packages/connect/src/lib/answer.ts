import { isTransientError, TransientError } from '@transient/core/store'

/** How a caller hears of what it asked for: `error` is `null` if all went well. */
export type Callback<Value> = (error: unknown, value?: Value | null) => void

/**
 * Calls the callback once, in a tick of its own: what it throws is the program's to handle, and never comes back as a second call with an error.
 * Without a callback the promise is the answer. It may be left alone: `request.session.destroy()` of express-session is a call that nobody
 * listens to, and an outage must not end the process.
 */
export function answer<Value>(
  asked: Promise<Value | undefined>,
  callback: Callback<Value> | undefined,
): Promise<Value | undefined> | undefined {
  const work = asked.catch((error: unknown) => {
    throw withoutKey(error)
  })
  if (typeof callback !== 'function') {
    work.catch(() => {})
    return work
  }
  work.then(
    (value) => process.nextTick(callback, null, value ?? null),
    (error: unknown) => process.nextTick(callback, error),
  )
  return undefined
}

/** The key of an error of the store holds the id of a session, and errors go to logs. */
export function withoutKey(error: unknown): unknown {
  if (!isTransientError(error) || error.key === undefined) return error
  const { code, operation, applied, cause } = error
  return new TransientError(code, { operation, applied, cause })
}
