import type { SessionStore } from '@transient/core'
import { misuse } from '@transient/core/store'
import {
  addSessionHeaders,
  commitExchange,
  createSessionFront,
  type SessionFrontOptions,
  type SessionLoad,
} from '@transient/http'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { copyHeaders, replyHeaders, restoreHeaders } from './reply-headers.ts'
import { dropPayload, keepFromCrashing } from './reply-payload.ts'
import { requestReader } from './request-reader.ts'
import { requestSessionKey, type SessionCarrier, sessionOf } from './request-session.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** When the session of this route is read, in place of what `load` of `sessionPlugin` says. */
    session?: SessionLoad
  }
}

/** Options of {@link sessionPlugin}: the session store, the cookie, when a session is read, and what happens if it cannot be. */
export interface SessionPluginOptions extends SessionFrontOptions<FastifyRequest> {
  /** Made by `createSessionStore`. */
  readonly sessions: SessionStore<object, unknown>
}

type Carrier = FastifyRequest & SessionCarrier
type Next = (error?: Error) => void

const ownerKey = Symbol.for('transient.fastify-session-store')
// A text like any other to the types: @fastify/session declares a property of this name for all Fastify requests.
const property: string = 'session'

const register: FastifyPluginAsync<SessionPluginOptions> = async (instance, options) => {
  const { sessions } = options
  const front = createSessionFront(sessions, options, requestReader)
  const load = (request: FastifyRequest) => request.routeOptions.config.session as SessionLoad
  const frontByRoute = createSessionFront(sessions, { ...options, load }, requestReader)
  const isFirst = takeOwnership(instance, sessions)

  instance.addHook('onRequest', (request: Carrier, reply, next: Next) => {
    const { exchange } = (request[requestSessionKey] ??= {
      exchange: front.begin(request),
      startHeaders: copyHeaders(reply),
    })
    const isByRoute = request.routeOptions.config.session !== undefined
    const loading = (isByRoute ? frontByRoute : front).load(exchange, request)
    if (loading === undefined) next()
    else loading.then(() => next(), next)
  })
  if (isFirst) instance.addHook('onSend', commitBeforeSend)
}

/** Makes this the session store of the application's requests. `false` if it is already. */
function takeOwnership(instance: FastifyInstance, sessions: SessionStore<object, unknown>): boolean {
  const owner = instance.hasDecorator(ownerKey) ? instance.getDecorator<unknown>(ownerKey) : undefined
  if (owner === sessions) return false
  if (owner !== undefined || instance.hasRequestDecorator(property))
    throw misuse(new TypeError('request.session is taken by another plugin or another session store'))
  instance.decorate(ownerKey, sessions)
  instance.decorateRequest(requestSessionKey, null)
  instance.decorateRequest(property, {
    getter(this: FastifyRequest) {
      return sessionOf(this, sessions)
    },
  })
  return true
}

function commitBeforeSend(request: Carrier, reply: FastifyReply, payload: unknown, next: Next): void {
  const begun = request[requestSessionKey]
  // A hook that comes before ours may have answered.
  if (!begun) return next()
  const { exchange, startHeaders } = begun
  const committing = commitExchange(exchange)
  const leave = () => {
    addSessionHeaders(exchange, reply, replyHeaders)
    next()
  }
  if (committing === undefined) return leave()
  keepFromCrashing(payload)
  committing.then(leave, (error: Error & { statusCode?: number }) => {
    dropPayload(payload)
    restoreHeaders(reply, startHeaders)
    // What Fastify sends when the error handlers have had their turn takes the status as it is, and passes no hook.
    reply.raw.statusCode = error.statusCode ?? 500
    addSessionHeaders(exchange, reply, replyHeaders)
    next(error)
  })
}

/**
 * Gives each request its session as `request.session`, commits it before the reply leaves, and keeps the cookie.
 *
 * - It is there for the whole application, or the part of it, that registers it, and for the hooks and routes that come after it. Registered again with
 *   the same session store, further inside for instance, a request still has one session, and the inner options say how it is loaded.
 *   If `request.session` is taken by anything else, registering fails with a `TypeError`.
 * - A route says `config: { session: 'lazy' }` if it wants its session read in another way; `'none'`: not at all.
 * - A session that cannot be loaded or committed goes to Fastify's error handling, as an error with `statusCode` (409 if it was ended elsewhere, 503
 *   if the store cannot be used, else 500); in the second case the handler's reply is dropped, its headers too, and its stream destroyed.
 * - What goes past Fastify's `reply.send`, by `reply.hijack()` or `reply.raw`, is not seen: see {@link commitSession}.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { sessionOf, sessionPlugin } from '@transient/fastify'
 * import { createMemoryStore } from '@transient/memory'
 * import Fastify from 'fastify'
 *
 * const sessions = createSessionStore<{ visits: number }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const app = Fastify()
 * await app.register(sessionPlugin, { sessions })
 * app.get('/', async (request) => {
 *   const { data } = sessionOf(request, sessions)
 *   data.visits = (data.visits ?? 0) + 1
 *   return `Visit ${data.visits}`
 * })
 * ```
 */
export const sessionPlugin: FastifyPluginAsync<SessionPluginOptions> = Object.assign(register, {
  // As fastify-plugin does it: what is registered is there for who registers it. https://fastify.dev/docs/latest/Reference/Plugins
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@transient/fastify',
  [Symbol.for('plugin-meta')]: { name: '@transient/fastify', fastify: '5.x' },
})
