import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { OpenSite } from '@transient/test-utils/http-conformance'

type Fetch = (request: Request) => Response | Promise<Response>

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

/** Serves with what the runtime has for it: Bun.serve, Deno.serve, or Hono's server for Node.js. */
export async function serveSite(fetch: Fetch): Promise<OpenSite> {
  const { Bun, Deno } = globalThis as Runtimes
  const hostname = '127.0.0.1'
  if (Bun !== undefined) {
    const server = Bun.serve({ port: 0, hostname, fetch })
    return { origin: originOf(server.port), stop: () => server.stop(true) }
  }
  if (Deno !== undefined) {
    const server = Deno.serve({ port: 0, hostname, onListen: () => {} }, fetch)
    return { origin: originOf(server.addr.port), stop: () => server.shutdown() }
  }
  const server = createAdaptorServer({ fetch, hostname }) as Server
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve))
  return {
    origin: originOf((server.address() as AddressInfo).port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function originOf(port: number): string {
  return `http://127.0.0.1:${port}`
}
