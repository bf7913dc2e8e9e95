import type { Session, SessionStore } from '@transient/core'
import { type TrustProxy, webRequestReader } from './request-reader.ts'
import { webHeaders } from './response-headers.ts'
import {
  addSessionHeaders,
  askForSession,
  commitExchange,
  createSessionFront,
  type SessionExchange,
  type SessionFrontOptions,
} from './session-exchange.ts'

/** Options of {@link createRequestSessions} and `createSessionHandler`. */
export interface RequestSessionOptions extends SessionFrontOptions<Request> {
  /** Whether to believe what a proxy says about the visitor's connection; asked with `cookie: { secure: 'auto' }`. Default: `false`. */
  readonly trustProxy?: TrustProxy<Request> | undefined
}

/** The session of one web-standard request, and what its response needs. */
export interface RequestSession<Data extends object = Record<string, unknown>, Message = string> {
  /** To be called first: reads the session if the options say so. Rejects with an error that has a `status`. */
  load(): Promise<void>
  /** Asking for it makes the response depend on the cookie. An `Error` where the options say `load: 'none'`. */
  readonly session: Session<Data, Message>
  /**
   * The response to send instead of the given one: a copy, after the commit, with `Set-Cookie`, `Vary` and `Cache-Control` as needed; the
   * given one itself if nobody asked for the session. A body that streams goes on streaming. Rejects if the commit fails, with an error that has a
   * `status`; the response is then cancelled. An error page goes through here as well, for the cookie's sake.
   */
  finish(response: Response): Promise<Response>
  /** For frameworks that make the response themselves: commits, and gives the headers to add to it. Rejects as {@link finish} does. */
  commit(): Promise<Headers>
}

/**
 * Sessions over web-standard requests, step by step: for loaders, actions and middleware, which need the session first and send headers later.
 * Throws a `TypeError` if the options are ones that browsers would refuse.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { createRequestSessions } from '@transient/http'
 * import { createMemoryStore } from '@transient/memory'
 *
 * const sessions = createSessionStore<{ visits: number }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const visits = createRequestSessions(sessions)
 *
 * export async function loader({ request }: { request: Request }) {
 *   const visit = visits(request)
 *   await visit.load()
 *   const { data } = visit.session
 *   data.visits = (data.visits ?? 0) + 1
 *   return Response.json({ visits: data.visits }, { headers: await visit.commit() })
 * }
 *
 * const response = await loader({ request: new Request('https://shop.example/') })
 * response.headers.get('vary') // Cookie
 * ```
 */
export function createRequestSessions<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: RequestSessionOptions = {},
): (request: Request) => RequestSession<Data, Message> {
  const front = createSessionFront(sessions, options, webRequestReader(options.trustProxy))
  return (request) => {
    const exchange = front.begin(request)
    return {
      load: async () => front.load(exchange, request),
      get session() {
        return askForSession(exchange)
      },
      finish: async (response) => {
        try {
          await commitExchange(exchange)
        } catch (error) {
          // Whoever makes the body hears that nobody wants it; if it is locked, somebody else has it.
          if (response?.body?.locked === false) await response.body.cancel().catch(() => {})
          throw error
        }
        return withSessionHeaders(exchange, response)
      },
      commit: async () => {
        await commitExchange(exchange)
        const headers = new Headers()
        addSessionHeaders(exchange, headers, webHeaders)
        return headers
      },
    }
  }
}

function withSessionHeaders<Data extends object, Message>(
  exchange: SessionExchange<Data, Message>,
  response: Response,
): Response {
  // What cannot be made has no headers either: a network error, an upgraded connection (on Bun, that is nothing at all).
  if (!exchange.isAsked || !(response?.status >= 200)) return response
  // Headers of redirects and of fetched responses cannot be changed, and one response may answer two requests.
  const headers = new Headers(response.headers)
  addSessionHeaders(exchange, headers, webHeaders)
  const { body, status, statusText } = response
  return new Response(body, { status, statusText, headers })
}
