import { connect } from 'node:net'
import { host } from './listening.ts'
import { type ResponseText, readResponse } from './response-text.ts'

/**
 * One keep-alive connection, for one request at a time. A socket and nothing around it: a client that costs as much as the
 * server would be what is measured.
 */
export interface LoadConnection {
  send(request: Buffer, onResponse: (response: ResponseText) => void): void
  close(): void
}

/** No server of ours needs this long. Without it one that forgets a response would let the benchmark wait for ever. */
const patience = 30_000

/** `onFailure` is told of a connection that ends or is not answered, and of what no response can be: what was measured by then is worth nothing. */
export async function openLoadConnection(port: number, onFailure: (error: Error) => void): Promise<LoadConnection> {
  let waiting: ((response: ResponseText) => void) | undefined
  let text = ''
  let closed = false

  function receive(chunk: string): void {
    text = text === '' ? chunk : text + chunk
    try {
      const response = readResponse(text)
      if (response === undefined) return
      const answer = waiting
      if (answer === undefined) throw new Error(`a response that nobody asked for: ${JSON.stringify(text)}`)
      text = ''
      waiting = undefined
      answer(response)
    } catch (error) {
      onFailure(error as Error)
    }
  }

  const socket = connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: Buffer.alloc(16_384),
      callback: (length, buffer) => {
        receive((buffer as Buffer).toString('latin1', 0, length))
        return true
      },
    },
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', onFailure)
  socket.setTimeout(patience, () => {
    if (waiting !== undefined) onFailure(new Error(`the server did not answer for ${patience / 1000} s`))
  })
  socket.on('close', () => {
    if (!closed) onFailure(new Error('the server closed a connection'))
  })
  return {
    send(request, onResponse) {
      waiting = onResponse
      socket.write(request)
    },
    close() {
      closed = true
      socket.destroy()
    },
  }
}
