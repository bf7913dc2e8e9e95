import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Served } from './server-order.ts'

export const host = '127.0.0.1'

/** A server that is about to listen, with connections that outlast the pauses between samples. */
export async function listening(server: Server, release: () => Promise<void>): Promise<Served> {
  server.keepAliveTimeout = 60_000
  if (!server.listening) await new Promise<void>((resolve) => server.once('listening', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await release()
    },
  }
}
