import { isUtf8 } from 'node:buffer'
import { type Milliseconds, TransientError, wrapError } from '@transient/core/store'
import type { Redis, RedisOptions } from 'ioredis'
import type { TrackableClient } from './redis-client.ts'
import { errorCode, replyCode, withoutContents } from './redis-errors.ts'

// Where the server sends invalidations to a connection of RESP2: https://redis.io/docs/latest/commands/client-tracking/
const channel = '__redis__:invalidate'

/** What a connection that tracks keys tells. */
export interface TrackingEvents {
  changed(keys: readonly string[]): void
  /** The server forgot which keys it had: a database was flushed. */
  gap(): void
  /** An armed connection ended, other than by `close`, or says nothing any more. */
  lost(connection: TrackingConnection): void
}

/** A connection over which the server reports every change of keys with certain prefixes. It is armed once, for them alone, and never again after it was lost. */
export interface TrackingConnection {
  readonly prefixes: readonly string[]
  /** Resolves when changes are reported; rejects with a `TransientError` when that fails, and the connection is closed then. */
  readonly armed: Promise<void>
  readonly isAlive: () => boolean
  /** Resolves when everything that changed before was reported; rejects when the connection ends first. */
  readonly flushed: () => Promise<void>
  /** To be called from time to time: the connection is lost if the server has not answered by the next call. */
  readonly beat: () => void
  readonly close: () => void
}

/**
 * Opens a connection with the client's own options, except that it speaks RESP2, which ioredis 6 needs to hand invalidations
 * out, and that it does not come back.
 *
 * It redirects to itself. With a second connection for the redirection, the two could end up at different servers, behind a
 * Sentinel or a balancer, and then nobody would hear anything.
 */
export function openTrackingConnection(
  client: TrackableClient,
  prefixes: readonly string[],
  events: TrackingEvents,
): TrackingConnection {
  // ioredis 5 and 6 agree in all that is called here, though not in their types.
  const duplicate = client.duplicate as (this: TrackableClient, options: RedisOptions) => Redis
  const redis = duplicate.call(client, {
    protocol: 2,
    lazyConnect: true,
    retryStrategy: () => null,
    reconnectOnError: null,
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: undefined,
    disconnectTimeout: 0,
    // Asks by INFO, which a user may not have. What is armed here also works while the server loads its data.
    enableReadyCheck: false,
  })
  const limit = attemptLimit(client)
  let state: 'arming' | 'armed' | 'ended' = 'arming'
  let isAnswered = true
  let lastError: Error | undefined
  let abort = (_reason: unknown): void => {}
  const ended = new Promise<never>((_resolve, reject) => (abort = reject))

  function end(reason: unknown): void {
    state = 'ended'
    redis.disconnect()
    redis.stream?.destroy()
    abort(reason)
  }

  function lose(reason: Error): void {
    const wasArmed = state === 'armed'
    end(reason)
    if (wasArmed) events.lost(connection)
  }

  async function flushed(): Promise<void> {
    await redis.ping().catch((error: unknown) => {
      // A server that is loading answers too.
      if (!isReply(error)) throw error
    })
  }

  async function track(): Promise<void> {
    await redis.connect()
    const id = String(await redis.call('client', 'id'))
    const wanted = prefixes.flatMap((prefix) => ['prefix', prefix])
    await redis.call('client', 'tracking', 'on', 'redirect', id, 'bcast', ...wanted)
    await redis.subscribe(channel)
  }

  async function arm(): Promise<void> {
    const late = setTimeout(() => end(new TransientError('timeout', { operation: 'watch' })), limit)
    try {
      await Promise.race([track(), ended])
      if (state === 'ended' || redis.status !== 'ready') throw lostError()
      state = 'armed'
    } catch (error) {
      throw failure(error)
    } finally {
      clearTimeout(late)
    }
  }

  function failure(error: unknown): TransientError {
    end(error)
    if (!isReply(error)) {
      const cause = lastError ?? error
      return wrapError(withoutContents(cause), errorCode(cause), { operation: 'watch' })
    }
    const code = replyCode(error) === 'NOPERM' ? 'unsupported' : errorCode(error)
    if (code !== 'unsupported' && code !== 'unknown')
      return wrapError(withoutContents(error), code, { operation: 'watch' })
    const message = `the server refuses CLIENT ID, CLIENT TRACKING, or SUBSCRIBE to ${channel}`
    return wrapError(withoutContents(error), 'unsupported', { operation: 'watch', message })
  }

  redis.on('error', (error: Error) => {
    lastError = error
  })
  redis.on('close', () => lose(lostError()))
  // ioredis hands the message on as it came: a list of keys, or nothing where all of them are meant.
  redis.on('messageBuffer', (_channel: unknown, message: unknown) => {
    if (!Array.isArray(message)) return events.gap()
    // No string names a key that is not UTF-8.
    const keys = (message as Buffer[]).filter((key) => isUtf8(key)).map(String)
    if (keys.length > 0) events.changed(keys)
  })

  const connection: TrackingConnection = {
    prefixes,
    armed: arm(),
    isAlive: () => state === 'armed' && redis.status === 'ready',
    flushed,
    beat() {
      if (isAnswered) {
        isAnswered = false
        flushed().then(
          () => {
            isAnswered = true
          },
          () => {},
        )
        return
      }
      // After a look at the sockets: this process may have been held up, and not the server.
      setImmediate(() =>
        setImmediate(() => {
          if (!isAnswered) lose(lostError())
        }),
      )
    },
    close: () => end(lostError()),
  }
  return connection
}

function lostError(): TransientError {
  const message = 'the connection that tells of changes was lost'
  return new TransientError('unavailable', { operation: 'watch', message })
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

function attemptLimit({ options }: TrackableClient): Milliseconds {
  const limit = options?.connectTimeout
  return limit !== undefined && limit > 0 ? limit : 10_000
}
