import { createConnection, type Socket } from 'node:net'

/** A bare connection: enough to see whether a server answers, and to listen to MONITOR. No client library is needed. */
export interface RedisConnection {
  /** Sends a command; resolves with the reply as text, rejects with the server's error or when the connection ends. */
  command(...args: string[]): Promise<string>
  /** From now on gives every further simple reply to the listener (MONITOR). */
  listen(listener: (line: Buffer) => void): void
  close(): void
}

interface Waiter {
  resolve(reply: string): void
  reject(error: Error): void
}

export async function connectRedis(host: string, port: number, password?: string): Promise<RedisConnection> {
  const socket = createConnection({ host, port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const connection = converse(socket)
  if (password !== undefined) await connection.command('AUTH', password)
  return connection
}

function converse(socket: Socket): RedisConnection {
  const waiters: Waiter[] = []
  let pending: Buffer = Buffer.alloc(0)
  let listener: ((line: Buffer) => void) | undefined
  let ended: Error | undefined

  function end(error: Error): void {
    ended ??= error
    for (const waiter of waiters.splice(0)) waiter.reject(ended)
  }

  socket.on('error', end)
  socket.on('close', () => end(new Error('the connection to the Redis server ended')))
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (let size = replySize(pending); size > 0; size = replySize(pending)) {
      const reply = pending.subarray(0, size)
      pending = pending.subarray(size)
      const line = reply.subarray(1, reply.indexOf('\r\n'))
      const waiter = waiters.shift()
      if (waiter === undefined) listener?.(line)
      else if (reply[0] === 0x2d) waiter.reject(new Error(line.toString()))
      else waiter.resolve((reply[0] === 0x24 ? reply.subarray(line.length + 3, -2) : line).toString())
    }
  })

  return {
    command(...args) {
      if (ended !== undefined) return Promise.reject(ended)
      const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`)
      return new Promise((resolve, reject) => {
        waiters.push({ resolve, reject })
        socket.write(`*${args.length}\r\n${parts.join('')}`)
      })
    },
    listen(next) {
      listener = next
    },
    close() {
      socket.destroy()
    },
  }
}

/** The length of the first reply, or 0 while it is not all there. Our commands are answered by a line or a bulk string. */
function replySize(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n')
  if (end === -1) return 0
  if (bytes[0] !== 0x24) return end + 2
  const length = Number(bytes.subarray(1, end).toString())
  const size = length < 0 ? end + 2 : end + 2 + length + 2
  return bytes.length >= size ? size : 0
}
