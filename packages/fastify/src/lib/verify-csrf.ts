import type { SessionStore } from '@transient/core'
import { type CsrfOptions, createCsrfGuard, csrfError, csrfRefusal } from '@transient/http'
import type { FastifyRequest, preValidationHookHandler } from 'fastify'
import { requestReader } from './request-reader.ts'
import { sessionOf } from './request-session.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `false`: this route takes requests that `verifyCsrf` would refuse. */
    csrf?: boolean
  }
}

/** Options of {@link verifyCsrf}. Whether a proxy is believed is Fastify's own `trustProxy`. */
export type VerifyCsrfOptions = CsrfOptions<FastifyRequest>

/**
 * A hook that lets requests which change something through only if they come from a page of this visitor, by where they come from and by the
 * token of `session.csrfToken()`, in the header `x-csrf-token` or the field `_csrf` of the parsed body. For one route (`preValidation`), or with
 * `addHook('preValidation', …)` for all of the application or the part of it that says so, after `sessionPlugin` of the same session
 * store. A route opts out with `config: { csrf: false }`. Who is refused gets a page, JSON or text of status 403, or with
 * `onFailure: 'throw'` what the error handler makes of an error of `statusCode` 403 and `code` `'csrf'`. Impossible options are a `TypeError` here.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { sessionOf, sessionPlugin, verifyCsrf } from '@transient/fastify'
 * import { createMemoryStore } from '@transient/memory'
 * import Fastify from 'fastify'
 *
 * const sessions = createSessionStore<{ name: string }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const app = Fastify()
 * await app.register(sessionPlugin, { sessions })
 * app.addHook('preValidation', verifyCsrf(sessions))
 * app.get('/csrf', async (request) => ({ token: sessionOf(request, sessions).csrfToken() }))
 * app.post<{ Body: { name: string } }>('/name', async (request) => {
 *   sessionOf(request, sessions).data.name = request.body.name
 *   return 'Changed.'
 * })
 * ```
 */
export function verifyCsrf<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: VerifyCsrfOptions = {},
): preValidationHookHandler {
  const guard = createCsrfGuard(options, requestReader)
  return (request: FastifyRequest, reply, next) => {
    if (guard.isExempt(request, request.method) || request.routeOptions.config.csrf === false) return next()
    const checking = guard.check(request, sessionOf(request, sessions), () => request.body)
    checking.then((problem) => {
      if (problem === undefined) return next()
      if (guard.onFailure === 'throw') return next(csrfError(problem))
      const { status, headers, body } = csrfRefusal(request.headers.accept)
      reply.code(status).headers(headers).send(body)
    }, next)
  }
}
