import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionStore } from '@transient/core'
import { type CsrfGuard, type CsrfOptions, createCsrfGuard } from './csrf.ts'
import { csrfError, csrfRefusal } from './csrf-refusal.ts'
import { nodeRequestReader, type TrustProxy } from './request-reader.ts'
import { type SessionLifecycle, sessionOf } from './session-lifecycle.ts'

/** Options of {@link verifyCsrf}. */
export interface VerifyCsrfOptions extends CsrfOptions<IncomingMessage> {
  /** Whether to believe what a proxy says about the visitor's connection, and the host. Default: `false`. */
  readonly trustProxy?: TrustProxy<IncomingMessage> | undefined
}

/**
 * Middleware that lets requests which change something through only if they come from a page of this visitor: after the
 * lifecycle of the same session store and, where forms are to be accepted, after what parses them into `request.body`.
 */
export function verifyCsrf<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: VerifyCsrfOptions = {},
): SessionLifecycle {
  return csrfHandlerOf(sessions, createCsrfGuard(options, nodeRequestReader(options.trustProxy)))
}

/** {@link verifyCsrf} for frameworks that read their requests in their own way. */
export function csrfHandlerOf<Data extends object, Message, Request extends IncomingMessage>(
  sessions: SessionStore<Data, Message>,
  guard: CsrfGuard<Request>,
): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (request: Request & { body?: unknown }, response, next) => {
    if (guard.isExempt(request, request.method)) return next()
    const checking = guard.check(request, sessionOf(request, sessions), () => request.body)
    checking.then((problem) => {
      if (problem === undefined) return next()
      if (guard.onFailure === 'throw') return next(csrfError(problem))
      const { status, headers, body } = csrfRefusal(request.headers.accept)
      response.statusCode = status
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      response.end(body)
    }, next)
  }
}
