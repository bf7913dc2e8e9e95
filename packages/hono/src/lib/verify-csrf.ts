import type { SessionStore } from '@transient/core'
import {
  type CsrfCheckOptions,
  type CsrfOptions,
  createCsrfCheck,
  createCsrfGuard,
  type TrustProxy,
} from '@transient/http'
import type { Context, MiddlewareHandler } from 'hono'
import { sessionOf } from './context-session.ts'
import { contextReader, trustOf } from './request-reader.ts'

/** Options of {@link verifyCsrf}. */
export interface VerifyCsrfOptions extends CsrfOptions<Context>, Pick<CsrfCheckOptions, 'maxFormSize'> {
  /** Whether to believe what a proxy says about the visitor's connection, and the host. Default: `false`. */
  readonly trustProxy?: TrustProxy<Context> | undefined
}

/**
 * Middleware that lets requests which change something through only if they come from a page of this visitor, by where they come from and by the
 * token of `session.csrfToken()`, in the header `x-csrf-token` or the form field `_csrf`. After `sessionMiddleware` of the same session store, and before
 * anything reads the body: the form is read from a copy, so handlers read it as they like. Who is refused gets a page, JSON or text of
 * status 403, or with `onFailure: 'throw'` what `app.onError` makes of an error of `status` 403 and `code` `'csrf'`. Impossible options are a `TypeError` here.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { sessionMiddleware, verifyCsrf } from '@transient/hono'
 * import { createMemoryStore } from '@transient/memory'
 * import { Hono } from 'hono'
 *
 * const sessions = createSessionStore<{ name: string }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const app = new Hono()
 *   .use(sessionMiddleware(sessions), verifyCsrf(sessions))
 *   .get('/csrf', (c) => c.json({ token: c.get('session').csrfToken() }))
 *   .post('/name', async (c) => {
 *     const { name } = await c.req.parseBody()
 *     c.get('session').data.name = String(name)
 *     return c.text('Changed.')
 *   })
 *
 * const refused = await app.request('/name', { method: 'POST', body: new URLSearchParams({ name: 'Ada' }) })
 * console.log(refused.status) // 403
 * ```
 */
export function verifyCsrf<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: VerifyCsrfOptions = {},
): MiddlewareHandler {
  const guard = createCsrfGuard(options, contextReader(options.trustProxy))
  const isProxied = trustOf(options.trustProxy)
  const direct = createCsrfCheck({ ...options, skip: undefined, trustProxy: false })
  const proxied = createCsrfCheck({ ...options, skip: undefined, trustProxy: true })

  return async (c, next) => {
    if (guard.isExempt(c, c.req.method)) return next()
    const refusal = await (isProxied(c) ? proxied : direct)(c.req.raw, sessionOf(c, sessions))
    // Made anew, so that it has the headers of earlier middleware.
    return refusal === undefined ? next() : c.newResponse(refusal.body, { status: 403, headers: refusal.headers })
  }
}
