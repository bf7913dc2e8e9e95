import type { SessionStore } from '@transient/core'
import { type CsrfOptions, createCsrfGuard, csrfHandlerOf, type TrustProxy } from '@transient/http'
import { type ExpressRequest, expressRequestReader } from './express-request.ts'
import type { SessionMiddleware } from './session-middleware.ts'

/** Options of {@link verifyCsrf}. */
export interface VerifyCsrfOptions extends CsrfOptions<ExpressRequest> {
  /** Whether to believe what a proxy says about the visitor's connection, and the host. Default: as the application's `trust proxy` says. */
  readonly trustProxy?: TrustProxy<ExpressRequest> | undefined
}

/**
 * Lets requests that change something through only if they come from a page of this visitor: `session.csrfToken()` made what they carry in the header
 * `x-csrf-token` or the form field `_csrf`. After {@link sessionMiddleware} of the same session store, and after what parses forms
 * (`express.urlencoded`). A refused request gets a page of status 403, or with `onFailure: 'throw'` the error handlers get an error.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { sessionMiddleware, sessionOf, verifyCsrf } from '@transient/express'
 * import { createMemoryStore } from '@transient/memory'
 * import express from 'express'
 *
 * const sessions = createSessionStore<{ name: string }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const app = express()
 * app.use(sessionMiddleware(sessions), express.urlencoded(), verifyCsrf(sessions))
 * app.get('/', (req, res) => {
 *   const token = sessionOf(req, sessions).csrfToken()
 *   res.send(`<form method="post"><input type="hidden" name="_csrf" value="${token}"><input name="name"><button>Go</button></form>`)
 * })
 * app.post('/', (req, res) => {
 *   sessionOf(req, sessions).data.name = String((req.body as { name?: unknown }).name)
 *   res.redirect(303, '/')
 * })
 * ```
 */
export function verifyCsrf<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: VerifyCsrfOptions = {},
): SessionMiddleware {
  const reader = expressRequestReader(options.trustProxy)
  return csrfHandlerOf(sessions, createCsrfGuard(options, reader)) as SessionMiddleware
}
