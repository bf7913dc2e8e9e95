import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionStore } from '@transient/core'
import { createSessionFront, lifecycleOf, type SessionFrontOptions, sessionOf, type TrustProxy } from '@transient/http'
import { type ExpressRequest, expressRequestReader } from './express-request.ts'

/** Options of {@link sessionMiddleware}: the cookie, when a session is read, and what happens without the store. */
export interface SessionMiddlewareOptions extends SessionFrontOptions<ExpressRequest> {
  /** Whether to believe what a proxy says about the visitor's connection. Default: as the application's `trust proxy` says. */
  readonly trustProxy?: TrustProxy<ExpressRequest> | undefined
}

/** What Express 4 and 5 take as a `RequestHandler`, said without their types. */
export type SessionMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

const ownerKey = Symbol.for('transient.session-owner')

/**
 * Gives each request its session as `req.session`, commits it before the response leaves, and keeps the cookie.
 *
 * - A session that cannot be loaded or committed goes to Express's error handlers, as an error with `status` (409 if it was ended
 *   elsewhere, 503 if the store cannot be used, else 500), and in the second case the handler's response is dropped.
 * - Mounted twice with one session store, a request still has one session. If `req.session` is taken by anything else, that is an
 *   error of the request.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { sessionMiddleware, sessionOf } from '@transient/express'
 * import { createMemoryStore } from '@transient/memory'
 * import express from 'express'
 *
 * const sessions = createSessionStore<{ visits: number }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const app = express()
 * app.use(sessionMiddleware(sessions))
 * app.get('/', (req, res) => {
 *   const { data } = sessionOf(req, sessions)
 *   data.visits = (data.visits ?? 0) + 1
 *   res.send(`Visit ${data.visits}`)
 * })
 * ```
 */
export function sessionMiddleware<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: SessionMiddlewareOptions = {},
): SessionMiddleware {
  const lifecycle = lifecycleOf(createSessionFront(sessions, options, expressRequestReader(options.trustProxy)))
  return (request: Carrier, response, next) => {
    if (request[ownerKey] !== sessions) {
      if ('session' in request)
        return next(new Error('req.session is taken by another middleware or another session store'))
      request[ownerKey] = sessions
      Object.defineProperty(request, 'session', sessionProperty)
    }
    const requestNature = Object.getPrototypeOf(request) as object
    const responseNature = Object.getPrototypeOf(response) as object
    // Said without Express' own types, so that both of its majors fit.
    lifecycle(request as unknown as ExpressRequest, response, (error) => {
      if (error !== undefined) {
        // A mounted application gives both a nature of its own, and takes it back when it calls next() itself.
        Object.setPrototypeOf(request, requestNature)
        Object.setPrototypeOf(response, responseNature)
      }
      next(error)
    })
  }
}

type Carrier = IncomingMessage & { session?: unknown; [ownerKey]?: unknown }

// The same for all requests: a property with a getter of its own would make every request an object of its own kind to the engine.
const sessionProperty: PropertyDescriptor & ThisType<Carrier> = {
  configurable: true,
  enumerable: true,
  get() {
    return sessionOf(this, this[ownerKey] as SessionStore)
  },
}
