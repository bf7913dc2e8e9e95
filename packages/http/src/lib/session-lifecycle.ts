import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session, SessionStore } from '@transient/core'
import { holdResponse } from './held-response.ts'
import { nodeRequestReader, type TrustProxy } from './request-reader.ts'
import {
  askForSession,
  createSessionFront,
  type SessionExchange,
  type SessionFront,
  type SessionFrontOptions,
} from './session-exchange.ts'

/** Options of {@link createSessionLifecycle}. */
export interface SessionLifecycleOptions extends SessionFrontOptions<IncomingMessage> {
  /** Whether to believe what a proxy says about the visitor's connection; asked with `cookie: { secure: 'auto' }`. Default: `false`. */
  readonly trustProxy?: TrustProxy<IncomingMessage> | undefined
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

// Shared by all copies of this package in a process, so that a session is found whoever began the exchange.
const exchangesKey = Symbol.for('transient.session-exchanges')
type AnyExchange = SessionExchange<object, unknown>
type Carrier = IncomingMessage & { [exchangesKey]?: AnyExchange[] }

/**
 * Sessions over node:http: the token comes in by the cookie, the session is committed before the headers leave, and the cookie
 * goes out if the token is another one. A request that does not ask for its session costs nothing.
 *
 * The same session store twice on one request is one session: the second lifecycle finds the first one's, and goes on by its own `load`.
 * Throws a `TypeError` if the options are ones that browsers would refuse.
 */
export function createSessionLifecycle<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: SessionLifecycleOptions = {},
): SessionLifecycle {
  return lifecycleOf(createSessionFront(sessions, options, nodeRequestReader(options.trustProxy)))
}

/** A lifecycle for frameworks that read their requests in their own way. */
export function lifecycleOf<Data extends object, Message, Request extends IncomingMessage>(
  front: SessionFront<Data, Message, Request>,
): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    const exchange = openExchange(front, request, request, response, next)
    let loading: Promise<void> | undefined
    try {
      loading = front.load(exchange, request)
    } catch (error) {
      return next(error)
    }
    if (loading === undefined) next()
    else loading.then(() => next(), next)
  }
}

/**
 * For frameworks over node:http: the exchange of a request, found by {@link exchangeOf} and `sessionOf` from now on; begun, and its response held, unless it is
 * there already. `failed` is called when a commit fails that the first byte waited for; the handler's response is dropped by then.
 */
export function openExchange<Data extends object, Message, Request>(
  front: SessionFront<Data, Message, Request>,
  request: Request,
  incoming: IncomingMessage,
  response: ServerResponse,
  failed: (error: unknown) => void,
): SessionExchange<Data, Message> {
  const present = exchangeOf(incoming, front.sessions)
  if (present !== undefined) return present
  const exchange = front.begin(request)
  const carrier = incoming as Carrier
  // A request carries exchanges of whatever stores; each is found by its own.
  const own = exchange as unknown as AnyExchange
  if (carrier[exchangesKey] === undefined) carrier[exchangesKey] = [own]
  else carrier[exchangesKey].push(own)
  holdResponse(response, exchange, failed)
  return exchange
}

/**
 * The session of a request, typed as its store says. Asking for it makes the response depend on the cookie: from then on the session is
 * committed before the response leaves, and the response says so to caches. Asked for after the headers have left, it can be read
 * and not changed. Throws an `Error` if no lifecycle of this very session store saw the request, and on a route with `load: 'none'`.
 */
export function sessionOf<Data extends object, Message>(
  request: IncomingMessage,
  sessions: SessionStore<Data, Message>,
): Session<Data, Message> {
  const exchange = exchangeOf(request, sessions)
  if (exchange !== undefined) return askForSession(exchange)
  const others = (request as Carrier)[exchangesKey] !== undefined
  throw new Error(
    others
      ? 'this request has a session of another session store: ask for it with the store that its middleware was given'
      : 'this request has no session: the session middleware must come before the handler that asks for one',
  )
}

/** The exchange that a request has with these sessions, if it has begun. */
export function exchangeOf<Data extends object, Message>(
  request: IncomingMessage,
  sessions: SessionStore<Data, Message>,
): SessionExchange<Data, Message> | undefined {
  for (const exchange of (request as Carrier)[exchangesKey] ?? [])
    if ((exchange.sessions as unknown) === sessions) return exchange as unknown as SessionExchange<Data, Message>
  return undefined
}
