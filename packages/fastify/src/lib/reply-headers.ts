import type { HeaderAccess } from '@transient/http'
import type { FastifyReply } from 'fastify'

type Headers = Pick<FastifyReply, 'getHeader' | 'getHeaders' | 'header' | 'removeHeader'>

/** The headers of a reply, those of `reply.raw` among them. */
export const replyHeaders: HeaderAccess<Headers> = {
  get: (reply, name) => {
    const value = reply.getHeader(name)
    return value === undefined ? undefined : [value].flat().join(', ')
  },
  set: (reply, name, value) => void reply.header(name, value),
  getCookies: (reply) => [reply.getHeader('set-cookie') ?? []].flat().map(String),
  setCookies: (reply, lines) => {
    // Fastify lays cookies beside those that are there.
    reply.removeHeader('set-cookie')
    reply.header('set-cookie', lines)
  },
}

/** A copy of the headers as they are now. */
export function copyHeaders(reply: Headers): Record<string, unknown> {
  const headers: Record<string, unknown> = reply.getHeaders()
  // Fastify lengthens this list in place.
  if (Array.isArray(headers['set-cookie'])) headers['set-cookie'] = headers['set-cookie'].slice()
  return headers
}

/** Makes the headers what they were when they were copied. */
export function restoreHeaders(reply: Headers, headers: Record<string, unknown>): void {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  for (const [name, value] of Object.entries(headers)) reply.header(name, value)
}
