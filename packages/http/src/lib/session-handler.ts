import { isTransientError, type Session, type SessionStore } from '@transient/core'
import { misuse } from '@transient/core/store'
import { withFailureStatus } from './failure-status.ts'
import { createRequestSessions, type RequestSession, type RequestSessionOptions } from './request-session.ts'

/** Options of {@link createSessionHandler}. */
export interface SessionHandlerOptions extends RequestSessionOptions {
  /**
   * The page in place of a response that cannot be given: the session could not be loaded or committed, or the handler threw. The error of a
   * session has a `status` (409: ended elsewhere, 503: the store, 500). Default: for those a line of text with the status; other errors are thrown on.
   */
  readonly onError?: ((error: unknown, request: Request) => Response | Promise<Response>) | undefined
}

/** A handler of web-standard requests that has a session. What the server passes besides the request comes after it. */
export type SessionHandler<Data extends object, Message, Rest extends unknown[]> = (
  request: Request,
  session: Session<Data, Message>,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Sessions over web-standard `Request` and `Response`: for Bun, Deno, route handlers of Next.js and whatever else speaks `fetch`. Gives a function
 * that wraps handlers.
 *
 * - The response is committed before it leaves, copied, and has `Set-Cookie`, `Vary` and `Cache-Control` as needed. That goes for an error page,
 *   and for a response that is thrown, as well.
 * - The handler was given its session, so the response depends on the cookie. On a route with `load: 'none'` the response is left as it is, and
 *   touching the session is an error.
 * - When the headers leave the session is sealed: a change that a streaming body makes is an error, `session-sealed`.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { createSessionHandler } from '@transient/http'
 * import { createMemoryStore } from '@transient/memory'
 *
 * const sessions = createSessionStore<{ visits: number }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const withSession = createSessionHandler(sessions)
 *
 * export const GET = withSession((request, session) => {
 *   session.data.visits = (session.data.visits ?? 0) + 1
 *   return new Response(`Visit ${session.data.visits} of ${new URL(request.url).pathname}`)
 * })
 *
 * const response = await GET(new Request('https://shop.example/'))
 * response.headers.get('set-cookie') // __Host-sid=…
 * ```
 */
export function createSessionHandler<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: SessionHandlerOptions = {},
): <Rest extends unknown[]>(
  handler: SessionHandler<Data, Message, Rest>,
) => (request: Request, ...rest: Rest) => Promise<Response> {
  const visits = createRequestSessions(sessions, options)
  const { onError } = options
  if (onError !== undefined && typeof onError !== 'function')
    throw misuse(new TypeError('onError must be a function of the error and the request'))

  return (handler) =>
    async (request, ...rest) => {
      const visit = visits(request)
      let failure: unknown
      try {
        await visit.load()
        return await visit.finish(await handler(request, handOut(visit), ...rest))
      } catch (error) {
        failure = error
      }
      try {
        // React Router and others throw responses.
        if (failure instanceof Response) return await visit.finish(failure)
        await visit.commit()
      } catch (error) {
        // Of two errors the visitor is told the first: what else went wrong may follow from it.
        if (failure instanceof Response) failure = error
      }
      return visit.finish(await errorPage(withFailureStatus(failure), request))
    }

  async function errorPage(error: unknown, request: Request): Promise<Response> {
    if (onError !== undefined) return onError(error, request)
    if (!isTransientError(error)) throw error
    const { status = 500 } = error as { status?: number }
    const headers = new Headers({ 'content-type': 'text/plain; charset=utf-8' })
    if (status === 503) headers.set('retry-after', '5')
    const words =
      status === 409
        ? 'Your session has ended meanwhile, and the change was not stored. Please load the page again.'
        : 'Please try again in a moment.'
    return new Response(words, { status, headers })
  }
}

/** The session as an argument. On a route that has none it is an error to touch it, and not before. */
function handOut<Data extends object, Message>(visit: RequestSession<Data, Message>): Session<Data, Message> {
  try {
    return visit.session
  } catch (error) {
    const touch = () => {
      throw error
    }
    return new Proxy({} as Session<Data, Message>, { get: touch, set: touch, has: touch })
  }
}
