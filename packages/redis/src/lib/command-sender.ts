import { TransientError, type TransientErrorDetails, wrapError } from '@transient/core/store'
import { batchWrites } from './batch-writes.ts'
import type { RedisArgument, RedisClient } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { errorCode, wasRefused, withoutContents } from './redis-errors.ts'
import { copyOf, viewOf } from './value-argument.ts'

type Details = Omit<TransientErrorDetails, 'cause'>

/** Sends what the verbs ask for: in batches, not when closed or known to be down, with errors as the contract has them. */
export interface CommandSender {
  /** Throws `closed` after {@link close}. */
  assertOpen(operation: string, key: string | undefined, write: boolean): void
  /** A value as an argument: a copy, where the client may hold on to its arguments after the call. */
  bytes(input: Uint8Array): RedisArgument
  /** Sends by `start` and decodes the reply. Throws at once when closed or without a connection, rejects later. */
  send<T>(
    operation: string,
    key: string | undefined,
    write: boolean,
    start: () => Promise<unknown>,
    decode: (reply: unknown) => T,
  ): Promise<T>
  /** Refuses from now on, and ends an own connection when what is under way is answered, at the latest after `limit` milliseconds. */
  close(limit: number): Promise<void>
}

/** `connection` is given where the store opened the client itself. */
export function createCommandSender(client: RedisClient, connection: RedisConnection | undefined): CommandSender {
  const beforeCommand = batchWrites(client)
  // Such a client (a cluster is one) encodes what it sends once more after a reconnect or a redirection.
  const encodesAgain = client.options?.autoResendUnfulfilledCommands !== false
  let closed = false
  let underWay = 0
  let onIdle: (() => void) | undefined

  function settled(): void {
    underWay -= 1
    if (underWay === 0) onIdle?.()
  }

  function assertOpen(operation: string, key: string | undefined, write: boolean): void {
    if (closed) throw new TransientError('closed', { operation, key, applied: write ? 'no' : undefined })
  }

  // What the connection says is nearer to the cause than what ioredis says of a command it could not keep.
  function outage({ lastError }: RedisConnection, details: Details): TransientError {
    const cause = lastError() ?? new Error('the connection was lost')
    return wrapError(withoutContents(cause), errorCode(cause) === 'denied' ? 'denied' : 'unavailable', details)
  }

  function failure(error: unknown, details: Details): TransientError {
    if (connection !== undefined && error instanceof Error && error.name === 'MaxRetriesPerRequestError')
      return outage(connection, details)
    return wrapError(withoutContents(error), errorCode(error), details)
  }

  async function idle(limit: number): Promise<void> {
    if (underWay === 0) return
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, limit)
      onIdle = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  return {
    assertOpen,
    bytes(input) {
      return encodesAgain || client.status !== 'ready' || client.stream?.writable !== true
        ? copyOf(input)
        : viewOf(input)
    },
    send(operation, key, write, start, decode) {
      if (closed) assertOpen(operation, key, write)
      if (connection?.takesCommands() === false)
        throw outage(connection, { operation, key, applied: write ? 'no' : undefined })
      // Of a client that others opened it cannot be told whether it wrote a command before it gave up.
      const waitsSince = client.status === 'ready' ? undefined : connection?.generation()
      beforeCommand()
      const reply = start()
      underWay += 1
      return reply.then(
        (value) => {
          settled()
          return decode(value)
        },
        (error: unknown) => {
          settled()
          const unsent = wasRefused(error) || (waitsSince !== undefined && waitsSince === connection?.generation())
          throw failure(error, { operation, key, applied: write ? (unsent ? 'no' : 'unknown') : undefined })
        },
      )
    },
    async close(limit) {
      closed = true
      const end = performance.now() + limit
      await idle(limit)
      await connection?.close(end - performance.now())
    },
  }
}
