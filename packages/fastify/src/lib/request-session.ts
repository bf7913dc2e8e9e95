import type { Session, SessionStore } from '@transient/core'
import { askForSession, type SessionExchange } from '@transient/http'

/** A request's exchange, and what it takes to drop the handler's response. */
export interface RequestSession<Data extends object = object, Message = unknown> {
  readonly exchange: SessionExchange<Data, Message>
  /** The headers that were there before the handler. */
  readonly startHeaders: Readonly<Record<string, unknown>>
}

/** Shared by all copies of this package in a process, so that a session is found whoever began the exchange. */
export const requestSessionKey = Symbol.for('transient.fastify-request-session')

/** A Fastify request, as far as sessions are concerned. */
export interface SessionCarrier {
  [requestSessionKey]?: RequestSession | null
}

/**
 * The session of a request, typed as its store says. Asking for it makes the reply depend on the cookie: from then on the session is
 * committed before the reply leaves, and the reply says so to caches. Asked for after the headers have left, it can be read
 * and not changed. Throws an `Error` if the plugin of this very session store did not see the request, or if its route has no session.
 */
export function sessionOf<Data extends object, Message>(
  request: object,
  sessions: SessionStore<Data, Message>,
): Session<Data, Message> {
  const exchange = (request as SessionCarrier)[requestSessionKey]?.exchange
  if (exchange === undefined)
    throw new Error('this request has no session: sessionPlugin must be registered before what asks for one')
  if ((exchange.sessions as unknown) !== sessions)
    throw new Error('this request has a session of another session store: ask for it with the one its plugin was given')
  // The same session store, so its types are those of the exchange.
  return askForSession(exchange as unknown as SessionExchange<Data, Message>)
}
