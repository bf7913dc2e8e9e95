import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '@transient/core'
import { nodeRequestReader, type RequestReader, type TrustProxy } from '@transient/http'

/** What we use of a context of Koa 2 or 3, said without their types. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly method: string
  readonly path: string
  readonly url: string
  readonly secure: boolean
  readonly host: string
  readonly request: object
  readonly respond?: boolean | undefined
  status: number
  body: unknown
  set(headers: { [name: string]: string }): void
  onerror(error: Error): void
}

/** What the middleware adds to a context: `new Koa<Koa.DefaultState, SessionContext<Shop>>()` types `ctx.session`. */
export interface SessionContext<Data extends object = Record<string, unknown>, Message = string> {
  readonly session: Session<Data, Message>
}

/** Reads requests as the application is told to by its setting `proxy`, unless our option says otherwise. */
export function koaRequestReader(trustProxy: TrustProxy<IncomingMessage> | undefined): RequestReader<KoaContext> {
  const reader = nodeRequestReader(trustProxy)
  const isOurs = trustProxy !== undefined
  return {
    header: (ctx, name) => reader.header(ctx.req, name),
    isSecure: (ctx) => (isOurs ? reader.isSecure(ctx.req) : ctx.secure),
    host: (ctx) => (isOurs ? reader.host(ctx.req) : ctx.host),
  }
}
