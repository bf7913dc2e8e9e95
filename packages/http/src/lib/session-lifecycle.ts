import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session, SessionStore } from '@transient/core'
import { misuse } from '@transient/core/store'
import { withFailureStatus, withFailureStatuses } from './failure-status.ts'
import { holdResponse } from './held-response.ts'
import { addSetCookie, forbidSharing } from './response-headers.ts'
import { createSessionCookie, type SessionCookie, type SessionCookieOptions } from './session-cookie.ts'

/**
 * When a session is read: before the handler, or when the handler calls `session.load()`. A function decides per request.
 * Eager reads only where a signed cookie came along: without one there is nothing to read, and the session is loaded at no cost.
 */
export type SessionLoad = 'eager' | 'lazy' | ((request: IncomingMessage) => 'eager' | 'lazy')

/** Options of {@link createSessionLifecycle}. */
export interface SessionLifecycleOptions {
  /** Default: `__Host-sid`, Secure, HttpOnly, SameSite=Lax, Path=/. */
  readonly cookie?: SessionCookieOptions | undefined
  /** Default: `'eager'`. */
  readonly load?: SessionLoad | undefined
}

/**
 * Middleware in the form that node:http servers, connect and what descends from it understand. `next()` is called when the session
 * is ready, at once if there is nothing to wait for; {@link sessionOf} then finds it.
 *
 * `next(error)` is called when the session cannot be loaded or, later, not be committed; the handler's headers and body are dropped by
 * then, and the response is the error handler's to send. The error has `status` (409: ended elsewhere, 503: the store, 500).
 */
export type SessionLifecycle = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

interface Exchange<Data extends object> {
  readonly sessions: SessionStore<Data>
  /** Asking for it is what makes the response depend on the cookie. */
  readonly session: Session<Data>
  load(): Promise<void> | undefined
}

// Shared by all copies of this package in a process, so that a session is found whoever began the exchange.
const exchangesKey = Symbol.for('transient.session-exchanges')
type Carrier = IncomingMessage & { [exchangesKey]?: Exchange<object>[] }

/**
 * Sessions over node:http: the token comes in by the cookie, the session is committed before the headers leave, and the cookie
 * goes out if the token is another one. A request that does not ask for its session costs nothing.
 *
 * The same session store twice on one request is one session: the second lifecycle finds the first one's, and only loads it if it is
 * eager and the first was not. Throws a `TypeError` if the options are ones that browsers would refuse.
 */
export function createSessionLifecycle<Data extends object>(
  sessions: SessionStore<Data>,
  options: SessionLifecycleOptions = {},
): SessionLifecycle {
  const cookie = createSessionCookie(options.cookie)
  const { load = 'eager' } = options
  if (load !== 'eager' && load !== 'lazy' && typeof load !== 'function')
    throw misuse(new TypeError("load must be 'eager', 'lazy' or a function of the request"))

  return (request, response, next) => {
    const exchange = exchangeOf(request, sessions) ?? begin(sessions, cookie, request, response, next)
    const when = typeof load === 'function' ? load(request) : load
    const loading = when === 'lazy' ? undefined : exchange.load()
    if (loading === undefined) next()
    else loading.then(() => next(), next)
  }
}

/**
 * The session of a request, typed as its store says. Asking for it makes the response depend on the cookie: from then on the session is
 * committed before the response leaves, and the response says so to caches. Asked for after the headers have left, it can be read
 * and not changed. Throws an `Error` if no lifecycle of this very session store saw the request.
 */
export function sessionOf<Data extends object>(request: IncomingMessage, sessions: SessionStore<Data>): Session<Data> {
  const exchange = exchangeOf(request, sessions)
  if (exchange !== undefined) return exchange.session
  const others = (request as Carrier)[exchangesKey] !== undefined
  throw new Error(
    others
      ? 'this request has a session of another session store: ask for it with the store that its middleware was given'
      : 'this request has no session: the session middleware must come before the handler that asks for one',
  )
}

function exchangeOf<Data extends object>(
  request: IncomingMessage,
  sessions: SessionStore<Data>,
): Exchange<Data> | undefined {
  const exchanges = (request as Carrier)[exchangesKey]
  return exchanges?.find((exchange): exchange is Exchange<Data> => (exchange.sessions as unknown) === sessions)
}

function begin<Data extends object>(
  sessions: SessionStore<Data>,
  cookie: SessionCookie,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error: unknown) => void,
): Exchange<Data> {
  let session: Session<Data> | undefined
  let sent: string | undefined
  let isAsked = false

  function open(): Session<Data> {
    session ??= withFailureStatuses(find())
    return session
  }

  function find(): Session<Data> {
    let first: Session<Data> | undefined
    // A subdomain can plant cookies beside ours: of several the first with a good signature counts.
    for (const value of cookie.read(request.headers.cookie)) {
      const candidate = sessions.open(value)
      first ??= candidate
      if (candidate.isNew) continue
      sent = value
      return candidate
    }
    return first ?? sessions.open()
  }

  const held = holdResponse(response, {
    isNeeded: () => isAsked,
    prepare: () => open().seal(),
    // On an error page, too: a renewal may have been stored before the commit failed, and the old id leads nowhere.
    beforeHeaders: () => {
      const { token, expiresAt, isDestroyed } = open()
      if (token === undefined) {
        if (isDestroyed) addSetCookie(response, cookie.name, cookie.clear())
      } else if (token !== sent) addSetCookie(response, cookie.name, cookie.issue(token, expiresAt))
      forbidSharing(response)
    },
    failed: (error) => next(withFailureStatus(error)),
  })

  const exchange: Exchange<Data> = {
    sessions,
    get session() {
      const opened = open()
      if (!isAsked && response.headersSent) void opened.seal()
      isAsked = true
      return opened
    },
    load: () => {
      const opened = open()
      if (opened.isLoaded) return undefined
      const loading = opened.load()
      // Where there is nothing to read, the session is loaded by now.
      if (opened.isLoaded) return undefined
      return loading.catch((error: unknown) => {
        // What is sent now depends on the cookie, and there is nothing to commit.
        void opened.seal()
        held.abandon()
        throw error
      })
    },
  }
  const carrier = request as Carrier
  carrier[exchangesKey] = [...(carrier[exchangesKey] ?? []), exchange]
  return exchange
}
