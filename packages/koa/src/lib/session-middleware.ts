import type { IncomingMessage } from 'node:http'
import type { Session, SessionStore } from '@transient/core'
import {
  commitExchange,
  createSessionFront,
  dropHeaders,
  exchangeOf,
  openExchange,
  type SessionFrontOptions,
  sessionOf as sessionOfRequest,
  type TrustProxy,
} from '@transient/http'
import { type KoaContext, koaRequestReader } from './koa-context.ts'

/** Options of {@link sessionMiddleware}: the cookie, when a session is read, and what happens without the store. */
export interface SessionMiddlewareOptions extends SessionFrontOptions<KoaContext> {
  /** Whether to believe what a proxy says about the visitor's connection. Default: as `app.proxy` says. */
  readonly trustProxy?: TrustProxy<IncomingMessage> | undefined
}

/** What Koa 2 and 3 take as middleware, said without their types. */
export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>

/**
 * Gives each request its session as `ctx.session`, commits it before the response leaves, and keeps the cookie.
 *
 * The commit comes when the middleware behind this one is done, so an error of it (`status` 409 if the session was ended elsewhere, 503 if the store cannot be used,
 * else 500) goes the way of every error of Koa: to the `try` of middleware in front of this one, else to `app.on('error')`. What had been set on the response is taken off
 * it. Where a handler writes to `ctx.res` itself, or sets `ctx.respond = false`, the commit comes before its first byte.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { sessionMiddleware, sessionOf } from '@transient/koa'
 * import { createMemoryStore } from '@transient/memory'
 * import Koa from 'koa'
 *
 * const sessions = createSessionStore<{ visits: number }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const app = new Koa()
 * app.use(sessionMiddleware(sessions))
 * app.use((ctx) => {
 *   const { data } = sessionOf(ctx, sessions)
 *   data.visits = (data.visits ?? 0) + 1
 *   ctx.body = `Visit ${data.visits}`
 * })
 * ```
 */
export function sessionMiddleware<Data extends object, Message>(
  sessions: SessionStore<Data, Message>,
  options: SessionMiddlewareOptions = {},
): KoaMiddleware {
  const front = createSessionFront(sessions, options, koaRequestReader(options.trustProxy))
  return async (ctx: KoaContext & { [ownerKey]?: unknown }, next) => {
    if (ctx[ownerKey] !== sessions) {
      if ('session' in ctx) throw new Error('ctx.session is taken by another middleware or another session store')
      ctx[ownerKey] = sessions
      Object.defineProperty(ctx, 'session', sessionProperty)
    }
    const isFirst = exchangeOf(ctx.req, sessions) === undefined
    const exchange = openExchange(front, ctx, ctx.req, ctx.res, (error) => ctx.onerror(error as Error))
    await front.load(exchange, ctx)
    await next()
    // Koa sends what was set when everybody is done; whoever sends by himself is held until the commit is done.
    if (!isFirst || ctx.respond === false || ctx.res.headersSent) return
    try {
      await commitExchange(exchange)
    } catch (error) {
      dropHeaders(ctx.res)
      ctx.body = undefined
      ctx.status = (error as { status?: number }).status ?? 500
      throw error
    }
  }
}

/** The session of a context, typed as its store says; `ctx.session` is the same. An `Error` without the middleware of this store, and with `load: 'none'`. */
export function sessionOf<Data extends object, Message>(
  ctx: { readonly req: IncomingMessage },
  sessions: SessionStore<Data, Message>,
): Session<Data, Message> {
  return sessionOfRequest(ctx.req, sessions)
}

const ownerKey = Symbol.for('transient.session-owner')

const sessionProperty: PropertyDescriptor & ThisType<KoaContext & { [ownerKey]?: unknown }> = {
  configurable: true,
  enumerable: true,
  get() {
    return sessionOfRequest(this.req, this[ownerKey] as SessionStore)
  },
}
