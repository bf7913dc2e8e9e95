import { addSessionHeaders, commitExchange, nodeHeaders } from '@transient/http'
import type { FastifyReply } from 'fastify'
import type { SessionCarrier } from './request-session.ts'
import { requestSessionKey } from './request-session.ts'

/**
 * For answers that go past `reply.send`, by `reply.hijack()` or `reply.raw`: does what the plugin does before a reply leaves. Stores what was changed,
 * lets no later change in, and puts the cookie and the headers for caches on `reply.raw`, where a `writeHead` finds them. Await it before anything is
 * sent. Rejects as a commit does, with an error that has a `statusCode`; nothing has left then. Where nobody asked for the session it does nothing.
 */
export async function commitSession(reply: FastifyReply): Promise<void> {
  const begun = (reply.request as SessionCarrier)[requestSessionKey]
  if (!begun) return
  await commitExchange(begun.exchange)
  addSessionHeaders(begun.exchange, reply.raw, nodeHeaders)
}
