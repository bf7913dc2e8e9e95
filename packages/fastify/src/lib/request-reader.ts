import { nodeRequestReader, type RequestReader } from '@transient/http'
import type { FastifyRequest } from 'fastify'

const rawReader = nodeRequestReader(false)

/** What Fastify knows of a request; whether a proxy is believed is its own `trustProxy`. */
export const requestReader: RequestReader<FastifyRequest> = {
  header: (request, name) => rawReader.header(request.raw, name),
  isSecure: (request) => request.protocol === 'https',
  host: (request) => request.host,
}
