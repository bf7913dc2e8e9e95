import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { OpenSite } from '@transient/test-utils/http-conformance'
import { openServer } from './open-server.ts'

type Fetch = (request: Request) => Promise<Response>

interface Runtimes {
  readonly Bun?: {
    serve(options: { port: number; hostname: string; fetch: Fetch }): {
      port: number
      stop(closeAll: boolean): Promise<void>
    }
  }
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen: () => void },
      fetch: Fetch,
    ): { addr: { port: number }; shutdown(): Promise<void> }
  }
}

/** Serves with what the runtime has for it: Bun.serve, Deno.serve, or on Node.js, which has nothing, with the bridge below. */
export async function serveFetch(fetch: Fetch): Promise<OpenSite> {
  const { Bun, Deno } = globalThis as Runtimes
  const hostname = '127.0.0.1'
  if (Bun !== undefined) {
    const server = Bun.serve({ port: 0, hostname, fetch })
    return { origin: `http://${hostname}:${server.port}`, stop: () => server.stop(true) }
  }
  if (Deno !== undefined) {
    const server = Deno.serve({ port: 0, hostname, onListen: () => {} }, fetch)
    return { origin: `http://${hostname}:${server.addr.port}`, stop: () => server.shutdown() }
  }
  return openServer(
    createServer((incoming, outgoing) => {
      fetch(toRequest(incoming)).then(
        (response) => send(response, outgoing),
        () => outgoing.destroy(),
      )
    }),
  )
}

function toRequest(incoming: IncomingMessage): Request {
  const headers = new Headers()
  for (let at = 0; at < incoming.rawHeaders.length; at += 2)
    headers.append(incoming.rawHeaders[at] as string, incoming.rawHeaders[at + 1] as string)
  const { method = 'GET' } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' as const } : {}
  return new Request(`http://${incoming.headers.host}${incoming.url}`, { method, headers, ...body })
}

function send(response: Response, outgoing: ServerResponse): void {
  const { status, headers, body } = response
  const others = [...headers].filter(([name]) => name !== 'set-cookie')
  const cookies = headers.getSetCookie()
  outgoing.writeHead(status, Object.fromEntries(cookies.length === 0 ? others : [...others, ['set-cookie', cookies]]))
  if (body === null || outgoing.req.method === 'HEAD') return void outgoing.end()
  Readable.fromWeb(body)
    .on('error', () => outgoing.destroy())
    .pipe(outgoing)
}
