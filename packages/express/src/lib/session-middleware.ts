import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionStore } from '@transient/core'
import { createSessionLifecycle, type SessionLifecycleOptions, sessionOf } from '@transient/http'

/** Options of {@link sessionMiddleware}: the cookie, and when a session is read. */
export type SessionMiddlewareOptions = SessionLifecycleOptions

/** What Express 4 and 5 take as a `RequestHandler`, said without their types. */
export type SessionMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

const ownersKey = Symbol.for('transient.session-owner')

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
export function sessionMiddleware<Data extends object>(
  sessions: SessionStore<Data>,
  options: SessionMiddlewareOptions = {},
): SessionMiddleware {
  const lifecycle = createSessionLifecycle(sessions, options)
  return (request: IncomingMessage & { session?: unknown; [ownersKey]?: unknown }, response, next) => {
    if (request[ownersKey] !== sessions) {
      if ('session' in request)
        return next(new Error('req.session is taken by another middleware or another session store'))
      request[ownersKey] = sessions
      Object.defineProperty(request, 'session', {
        configurable: true,
        enumerable: true,
        get: () => sessionOf(request, sessions),
      })
    }
    const requestNature = Object.getPrototypeOf(request) as object
    const responseNature = Object.getPrototypeOf(response) as object
    lifecycle(request, response, (error) => {
      if (error !== undefined) {
        // A mounted application gives both a nature of its own, and takes it back when it calls next() itself.
        Object.setPrototypeOf(request, requestNature)
        Object.setPrototypeOf(response, responseNature)
      }
      next(error)
    })
  }
}
