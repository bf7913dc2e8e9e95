import type { Session, SessionStore } from '@transient/core'
import { type TrustProxy, webRequestReader } from './request-reader.ts'
import { webHeaders } from './response-headers.ts'
import {
  addSessionHeaders,
  askForSession,
  commitExchange,
  createSessionFront,
  type SessionFrontOptions,
} from './session-exchange.ts'

/** Options of {@link createRequestSessions} and `createSessionHandler`. */
export interface RequestSessionOptions extends SessionFrontOptions<Request> {
  /** Whether to believe what a proxy says about the visitor's connection; asked with `cookie: { secure: 'auto' }`. Default: `false`. */
  readonly trustProxy?: TrustProxy<Request> | undefined
}

/** The session of one web-standard request, and what its response needs. */
export interface RequestSession<Data extends object = Record<string, unknown>, Message = string> {
  /** Asking for it makes the response depend on the cookie. An error with `load: 'none'`. */
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
 * The promise is resolved when the session is loaded as the options say; it rejects with an error that has a `status`. Throws a `TypeError` if the
 * options are ones that browsers would refuse.
 */
export function createRequestSessions<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: RequestSessionOptions = {},
): (request: Request) => Promise<RequestSession<Data, Message>> {
  const begin = beginRequests(sessions, options)
  return async (request) => {
    const visit = begin(request)
    await visit.loading
    return visit
  }
}

interface BegunRequest<Data extends object, Message> extends RequestSession<Data, Message> {
  readonly loading: Promise<void> | undefined
  /** The session as an argument: asked for, unless the route has none. Then it is an error to touch it. */
  handed(): Session<Data, Message>
}

/** As {@link createRequestSessions}, for those who answer a load that failed with headers as well. */
export function beginRequests<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: RequestSessionOptions,
): (request: Request) => BegunRequest<Data, Message> {
  const front = createSessionFront(sessions, options, webRequestReader(options.trustProxy))
  return (request) => {
    const exchange = front.begin(request)
    const loading = front.load(exchange, request)
    const visit: BegunRequest<Data, Message> = {
      loading,
      handed: () => {
        if (exchange.load !== 'none') return askForSession(exchange)
        const touch = () => askForSession(exchange) as never
        return new Proxy({} as Session<Data, Message>, { get: touch, set: touch, has: touch })
      },
      get session() {
        return askForSession(exchange)
      },
      finish: async (response) => {
        try {
          await commitExchange(exchange)
        } catch (error) {
          // Whoever makes the body hears that nobody wants it; if it is locked, somebody else has it.
          if (!response?.body?.locked) await response?.body?.cancel().catch(() => {})
          throw error
        }
        // What cannot be made has no headers either: a network error, an upgraded connection (on Bun, that is nothing at all).
        if (!exchange.isAsked || !(response?.status >= 200)) return response
        // Headers of redirects and of fetched responses cannot be changed, and a response may be answered twice.
        const headers = new Headers(response.headers)
        addSessionHeaders(exchange, headers, webHeaders)
        const { status, statusText } = response
        return new Response(response.body, { status, statusText, headers })
      },
      commit: async () => {
        await commitExchange(exchange)
        const headers = new Headers()
        addSessionHeaders(exchange, headers, webHeaders)
        return headers
      },
    }
    return visit
  }
}
