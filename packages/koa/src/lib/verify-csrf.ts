import type { IncomingMessage } from 'node:http'
import type { SessionStore } from '@transient/core'
import { type CsrfOptions, createCsrfGuard, csrfError, csrfRefusal, type TrustProxy } from '@transient/http'
import { type KoaContext, koaRequestReader } from './koa-context.ts'
import { type KoaMiddleware, sessionOf } from './session-middleware.ts'

/** Options of {@link verifyCsrf}. */
export interface VerifyCsrfOptions extends CsrfOptions<KoaContext> {
  /** Whether to believe what a proxy says about the visitor's connection, and the host. Default: as `app.proxy` says. */
  readonly trustProxy?: TrustProxy<IncomingMessage> | undefined
}

/**
 * Lets requests that change something through only if they come from a page of this visitor: `session.csrfToken()` made what they carry in the header
 * `x-csrf-token` or the form field `_csrf`. After `sessionMiddleware` of the same session store, and after what parses forms into `ctx.request.body`.
 * A refused request gets a page of status 403, or with `onFailure: 'throw'` an error is thrown.
 */
export function verifyCsrf<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: VerifyCsrfOptions = {},
): KoaMiddleware {
  const guard = createCsrfGuard(options, koaRequestReader(options.trustProxy))
  return async (ctx, next) => {
    if (!guard.isExempt(ctx, ctx.method)) {
      const form = () => (ctx.request as { body?: unknown }).body
      const problem = await guard.check(ctx, sessionOf(ctx, sessions), form)
      if (problem !== undefined) {
        if (guard.onFailure === 'throw') throw csrfError(problem)
        const { status, headers, body } = csrfRefusal(ctx.req.headers.accept)
        ctx.status = status
        ctx.set({ ...headers })
        ctx.body = body
        return
      }
    }
    await next()
  }
}
