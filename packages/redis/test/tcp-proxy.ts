import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A connection through the proxy. */
export interface ProxiedConnection {
  /** What the server says is kept back from now on. */
  hold(): void
  release(): void
  /** Nothing goes through any more, in either direction, and neither end is told: as when a firewall forgets a connection. */
  silence(): void
  /** Ends it for both, with what was kept back. */
  cut(): void
}

/** Stands between a client and a server on the loopback address. */
export interface TcpProxy {
  readonly port: number
  /** In the order in which they were opened. */
  readonly connections: readonly ProxiedConnection[]
  close(): void
}

export async function startProxy(target: number): Promise<TcpProxy> {
  const connections: ProxiedConnection[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect({ port: target, host: '127.0.0.1' })
    let isSilent = false
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        if (!isSilent) to.destroy()
      })
      from.pipe(to)
    }
    connections.push({
      hold: () => {
        upstream.unpipe(client)
        upstream.pause()
      },
      release: () => void upstream.pipe(client),
      silence: () => {
        isSilent = true
        upstream.unpipe(client)
        client.unpipe(upstream)
        upstream.resume()
        client.resume()
      },
      cut: () => {
        client.destroy()
        upstream.destroy()
      },
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
