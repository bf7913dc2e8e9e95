import type { Session, SessionStore } from '@transient/core'
import {
  addSessionHeaders,
  commitExchange,
  createSessionFront,
  type SessionFrontOptions,
  type TrustProxy,
} from '@transient/http'
import type { Context, MiddlewareHandler } from 'hono'
import { exchangeOf, exposeSession } from './context-session.ts'
import { contextReader } from './request-reader.ts'
import { contextHeaders, rememberHeaders } from './response-headers.ts'

/** Options of {@link sessionMiddleware}: the cookie, when a session is read, and what happens if it cannot be. */
export interface SessionMiddlewareOptions extends SessionFrontOptions<Context> {
  /** Whether `X-Forwarded-Proto` is believed where the cookie is `secure: 'auto'`. Default: `false`. */
  readonly trustProxy?: TrustProxy<Context> | undefined
}

/** What a Hono application says to have `c.get('session')` typed: `new Hono<SessionEnv<Shop>>()`. */
export interface SessionEnv<Data extends object = Record<string, unknown>, Message = string> {
  Variables: { readonly session: Session<Data, Message> }
}

export function sessionMiddleware<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: SessionMiddlewareOptions = {},
): MiddlewareHandler<SessionEnv<Data, Message>> {
  const front = createSessionFront<object, unknown, Context>(sessions, options, contextReader(options.trustProxy))

  return async (c, next) => {
    const begun = exchangeOf(c)
    if (begun !== undefined) {
      if ((begun.sessions as unknown) !== sessions)
        throw new Error("c.get('session') is taken by another session store")
      await front.load(begun, c)
      return next()
    }
    const exchange = front.begin(c)
    exposeSession(c, exchange)
    const dropResponse = rememberHeaders(c)
    try {
      const loading = front.load(exchange, c)
      if (loading !== undefined) await loading
      await next()
      const committing = commitExchange(exchange)
      if (committing !== undefined) await committing
    } catch (error) {
      const { body } = c.res
      if (body !== null) body.cancel().catch(() => {})
      dropResponse()
      addSessionHeaders(exchange, c, contextHeaders)
      throw error
    }
    // An upgraded connection has no headers any more.
    if (c.finalized && c.res.status !== 101) addSessionHeaders(exchange, c, contextHeaders)
  }
}
