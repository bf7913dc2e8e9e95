import type { TransientErrorCode } from '@transient/core/store'
import { TransientError, wrapError } from '@transient/core/store'
import { batchWrites } from './batch-writes.ts'
import type { RedisClient } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { errorCode, withoutArguments } from './redis-errors.ts'

/** Sends what the verbs ask for: in batches, not when closed or known to be down, with errors as the contract has them. */
export interface CommandSender {
  /** Throws `closed` after {@link close}. */
  assertOpen(operation: string, key: string | undefined, write: boolean): void
  /** Whether the client may hold on to the arguments of a command after the call: then they must be copies. */
  keepsArguments(): boolean
  /** Sends by `start` and decodes the reply. Throws at once when closed or without a connection, rejects later. */
  send<T>(
    operation: string,
    key: string | undefined,
    write: boolean,
    start: () => Promise<unknown>,
    decode: (reply: unknown) => T,
  ): Promise<T>
  /** Refuses from now on, and resolves when what is under way is answered, or after `limit` milliseconds. */
  close(limit: number): Promise<void>
}

/** `connection` is given where the store opened the client itself. */
export function createCommandSender(client: RedisClient, connection: RedisConnection | undefined): CommandSender {
  const beforeCommand = batchWrites(client)
  const { enableAutoPipelining, autoResendUnfulfilledCommands } = client.options ?? {}
  // Such a client encodes commands later than the call, or once more after a reconnect or a redirection.
  const encodesLater = client.isCluster === true || enableAutoPipelining === true || autoResendUnfulfilledCommands !== false
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

  // Without `connection` it cannot be known whether a command was written before it failed.
  function failure(error: unknown, operation: string, key: string | undefined, write: boolean, waitedAt: number) {
    const neverWritten = waitedAt === connection?.generation()
    const lost = connection !== undefined && error instanceof Error && error.name === 'MaxRetriesPerRequestError'
    const cause = lost ? (connection.lastError() ?? new Error('the connection was lost')) : withoutArguments(error)
    const code: TransientErrorCode = lost && connection.lastError() === undefined ? 'unavailable' : errorCode(cause)
    return wrapError(cause, code, { operation, key, applied: write ? (neverWritten ? 'no' : 'unknown') : undefined })
  }

  return {
    assertOpen,
    keepsArguments: () => encodesLater || client.status !== 'ready' || client.stream?.writable !== true,
    send(operation, key, write, start, decode) {
      if (closed) assertOpen(operation, key, write)
      if (connection?.takesCommands() === false) {
        const cause = connection.lastError() ?? new Error('the connection was lost')
        throw wrapError(cause, errorCode(cause) === 'denied' ? 'denied' : 'unavailable', {
          operation,
          key,
          applied: write ? 'no' : undefined,
        })
      }
      const waitedAt = connection !== undefined && client.status !== 'ready' ? connection.generation() : -1
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
          throw failure(error, operation, key, write, waitedAt)
        },
      )
    },
    async close(limit) {
      closed = true
      if (underWay === 0) return
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, limit)
        onIdle = () => {
          clearTimeout(late)
          resolve()
        }
      })
    },
  }
}
