import { connect } from 'node:net'

/** A connection on which a test sees every byte as it comes. */
export interface Wire {
  /** What has come so far. */
  readonly text: string
  /** Everything, when the site has closed the connection. */
  readonly all: Promise<string>
  close(): void
}

/** Sends a request as it is written here, and asks the site to close the connection after the answer. */
export function openWire(origin: string, method: string, path: string, cookie: string | undefined): Wire {
  const { hostname, port, host } = new URL(origin)
  let text = ''
  const socket = connect(Number(port), hostname)
  socket.setEncoding('utf8')
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', 'Content-Length: 0']
  if (cookie !== undefined) lines.push(`Cookie: ${cookie}`)
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const all = new Promise<string>((resolve, reject) => {
    socket.on('data', (piece: string) => (text += piece))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })
  all.catch(() => {})
  return {
    get text() {
      return text
    },
    all,
    close: () => void socket.destroy(),
  }
}
