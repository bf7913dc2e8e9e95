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
import { contextHeaders, madeHeaders, rememberHeaders } from './response-headers.ts'
import { makeResponses } from './session-responses.ts'

/** Options of {@link sessionMiddleware}: the cookie, when a session is read, and what happens if it cannot be. */
export interface SessionMiddlewareOptions extends SessionFrontOptions<Context> {
  /** Whether `X-Forwarded-Proto` is believed where the cookie is `secure: 'auto'`. Default: `false`. */
  readonly trustProxy?: TrustProxy<Context> | undefined
}

/** What a Hono application says to have `c.get('session')` typed: `new Hono<SessionEnv<Shop>>()`. */
export interface SessionEnv<Data extends object = Record<string, unknown>, Message = string> {
  Variables: { readonly session: Session<Data, Message> }
}

/**
 * Gives each request its session as `c.get('session')`, commits it before the response leaves, and keeps the cookie. On every runtime that Hono
 * runs on with `node:crypto`: Node.js, Bun, Deno.
 *
 * - A session that cannot be loaded or committed goes to `app.onError`, as an error with `status` (409 if it was ended elsewhere, 503 if the store
 *   cannot be used, else 500); in the second case the handler's response is dropped, its headers too, and its body cancelled.
 * - What a handler changes before it throws is stored, with the error page.
 * - Mounted twice with one session store, on a route for instance, a request still has one session: the inner options say how it is loaded, and the
 *   outermost middleware commits it. If `c.get('session')` is taken by anything else, that is an error of the request.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { sessionMiddleware } from '@transient/hono'
 * import { createMemoryStore } from '@transient/memory'
 * import { Hono } from 'hono'
 *
 * const sessions = createSessionStore<{ visits: number }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const app = new Hono().use(sessionMiddleware(sessions)).get('/', (c) => {
 *   const { data } = c.get('session')
 *   data.visits = (data.visits ?? 0) + 1
 *   return c.text(`Visit ${data.visits}`)
 * })
 *
 * const response = await app.request('/')
 * response.headers.get('set-cookie') // __Host-sid=…
 * ```
 */
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
    const isAsMade = makeResponses(c, exchange)
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
    if (!c.finalized || c.res.status === 101) return
    addSessionHeaders(exchange, c, isAsMade() ? madeHeaders : contextHeaders)
  }
}
