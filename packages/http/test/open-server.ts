import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OpenSite } from '@transient/test-utils/http-conformance'

/** Listens on a free port of this machine. */
export async function openServer(server: Server): Promise<OpenSite> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
