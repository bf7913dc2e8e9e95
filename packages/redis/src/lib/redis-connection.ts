import { misuse } from '@transient/core/store'
import { Redis } from 'ioredis'
import { checkClient } from './redis-client.ts'
import { retryDelay } from './retry-delay.ts'

/** A connection the store opened itself. */
export interface RedisConnection {
  readonly client: Redis
  /** Whether a command may be handed to the client now: once it has been connected, only while it is. */
  readonly takesCommands: () => boolean
  /** Why the last attempt to connect failed; `undefined` while connected. */
  readonly lastError: () => Error | undefined
  /** How many times the connection became ready: a command that saw no change while it waited was never written. */
  readonly generation: () => number
  /** Ends the connection once the commands under way are answered, at the latest after `limit` milliseconds. */
  readonly close: (limit: number) => Promise<void>
}

export interface RedisConnectionOptions {
  readonly connectTimeout: number
  readonly responseTimeout: number
}

/**
 * Connects so that an outage is reported at once and ends by itself: commands that were under way are rejected and never sent
 * again (an increment sent twice would count twice), and new connections are tried for ever, about each second.
 */
export function openConnection(
  url: string,
  { connectTimeout, responseTimeout }: RedisConnectionOptions,
): RedisConnection {
  checkUrl(url)
  const client = new Redis(url, {
    connectTimeout,
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    // Without this, ioredis never answers what was under way when the connection broke.
    maxRetriesPerRequest: 0,
    // For so long ioredis waits for a socket to close, also for one that closed before: it would keep the process alive.
    disconnectTimeout: 0,
    retryStrategy: retryDelay,
  })
  // The query of a URL sets options too.
  checkClient(client)
  let generation = 0
  let lastError: Error | undefined
  let attempt: NodeJS.Timeout | undefined

  client.on('error', (error: Error) => {
    lastError = error
  })
  // ioredis bounds only the TCP connection; a server that accepts it and then says nothing would be waited for without end.
  client.on('connecting', () => {
    clearTimeout(attempt)
    attempt = setTimeout(() => {
      lastError = new Error(`no answer to the handshake within ${connectTimeout} ms`)
      client.stream?.destroy()
    }, connectTimeout)
  })
  client.on('close', () => clearTimeout(attempt))
  client.on('ready', () => {
    clearTimeout(attempt)
    generation += 1
    lastError = undefined
  })
  const stopWatching = watchSilence(client, responseTimeout)

  // A failure is reported by 'error' and by the commands that waited for it.
  client.connect().catch(() => {})

  return {
    client,
    takesCommands: () =>
      client.status === 'ready' ||
      (generation === 0 && (client.status === 'connecting' || client.status === 'connect')),
    lastError: () => lastError,
    generation: () => generation,
    async close(limit) {
      await quit(client, limit)
      clearTimeout(attempt)
      stopWatching()
    },
  }
}

function checkUrl(url: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'redis' && scheme !== 'rediss')
    throw misuse(new TypeError(`a Redis URL begins with redis:// or rediss://, not ${scheme}://`))
  if (scheme === undefined) return
  // The error of URL shows the whole of it, the password too.
  if (!URL.canParse(url)) throw misuse(new TypeError('the URL of Redis cannot be read'))
  const path = new URL(url).pathname
  if (!/^(\/\d*)?$/.test(path))
    throw misuse(
      new TypeError(`the path of a Redis URL is the number of a database, not ${JSON.stringify(path.slice(1))}`),
    )
}

/**
 * Gives up a connection over which nothing came for `limit` milliseconds while commands were waiting: a peer that vanished
 * without closing the connection would be waited for until TCP gives up, a quarter of an hour. Looks four times per limit
 * and counts the looks, not the clock, so that a process that was itself held up does not blame the server.
 */
function watchSilence(client: Redis, limit: number): () => void {
  const looks = 4
  let received = -1
  let silent = 0
  const timer = setInterval(() => {
    const { stream, commandQueue } = client
    if (client.status !== 'ready' || commandQueue.length === 0 || stream.bytesRead !== received) {
      received = stream?.bytesRead ?? -1
      silent = 0
    } else if (++silent >= looks) {
      silent = 0
      stream.destroy(new Error(`no answer for ${limit} ms`))
    }
  }, limit / looks)
  timer.unref()
  return () => clearInterval(timer)
}

async function quit(client: Redis, limit: number): Promise<void> {
  if (client.status === 'end') return
  const ended = new Promise<void>((resolve) => client.once('end', resolve))
  if (client.status === 'ready') {
    const late = setTimeout(() => client.stream.destroy(), limit)
    // Redis answers in order: when QUIT is answered, so is all that was sent before.
    await client.quit().catch(() => {})
    clearTimeout(late)
  }
  client.disconnect()
  client.stream?.destroy()
  // A client that waits for its next attempt has no socket whose end it could report.
  if (client.status !== 'reconnecting' && client.status !== 'wait') await ended
}
