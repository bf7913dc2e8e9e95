import type { RequestReader } from '@transient/http'
import type { FastifyRequest } from 'fastify'

/** What Fastify knows of a request; whether a proxy is believed is its own `trustProxy`. */
export const requestReader: RequestReader<FastifyRequest> = {
  header: (request, name) => {
    const value = request.raw.headers[name]
    return typeof value === 'object' ? value.join(', ') : value
  },
  isSecure: (request) => request.protocol === 'https',
  host: (request) => request.host,
}
