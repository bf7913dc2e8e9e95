import type { TransientStore } from '@transient/core/store'
import { innerStore, misuse } from '@transient/core/store'
import type { Redis } from 'ioredis'

/** What a command carries besides its name. */
export type RedisArgument = string | Buffer

/** The writable side of a connection, as far as batching needs it. */
export interface RedisStream {
  readonly writable: boolean
  cork(): void
  uncork(): void
}

/**
 * The part of an ioredis client that the store calls. `Redis` and `Cluster` of ioredis 5 and 6 have it, whose full
 * types are not assignable to one another.
 */
export interface RedisClient {
  /** `ready` when commands are written to the socket as they are called. */
  readonly status: string
  readonly isCluster?: boolean
  readonly stream?: RedisStream
  readonly options?: {
    readonly keyPrefix?: string | undefined
    readonly enableAutoPipelining?: boolean | undefined
    readonly autoResendUnfulfilledCommands?: boolean | undefined
    readonly maxRetriesPerRequest?: number | null | undefined
    readonly connectTimeout?: number | undefined
  }
  /** Sends a command, answers with Buffers, integers, arrays and nulls. */
  callBuffer(command: string, args: RedisArgument[]): Promise<unknown>
  pipeline?(): RedisPipeline
  /** Another client with the same options but for these. */
  duplicate?(...args: never[]): unknown
  call?(...args: never[]): unknown
}

/** A client that `watch` can open a connection from: `Redis` and `Cluster` are such; ioredis-mock, whose clients have no `call`, is not. */
export type TrackableClient = RedisClient & Required<Pick<RedisClient, 'duplicate' | 'call'>>

interface RedisPipeline {
  callBuffer(command: string, args: RedisArgument[]): unknown
  exec(): Promise<[error: Error | null, reply: unknown][] | null>
}

/** Sends a command and resolves with its reply. */
export type RedisCall = (command: string, args: RedisArgument[]) => Promise<unknown>

// A registered symbol, so that a store made by one copy of this package is known to another (ESM beside CommonJS).
const clientOf = Symbol.for('transient.redis.client')

/** Throws a `TypeError` for a client that would make the store answer wrongly, or never. */
export function checkClient(client: RedisClient): void {
  const { keyPrefix, autoResendUnfulfilledCommands, maxRetriesPerRequest } = client.options ?? {}
  if (keyPrefix)
    throw misuse(
      new TypeError('the client has a keyPrefix, which scan and flush cannot follow: use withPrefix instead'),
    )
  if (autoResendUnfulfilledCommands === false && maxRetriesPerRequest !== 0) {
    throw misuse(
      new TypeError(
        'a client with autoResendUnfulfilledCommands: false needs maxRetriesPerRequest: 0 as well, ' +
          'or a command that was under way when the connection broke is never answered',
      ),
    )
  }
}

export function isTrackable(client: RedisClient): client is TrackableClient {
  return typeof client.duplicate === 'function' && typeof client.call === 'function'
}

/** How to send commands through a client. */
export function callOf(client: RedisClient): RedisCall {
  const { pipeline } = client
  if (client.options?.enableAutoPipelining !== true || pipeline === undefined)
    return (command, args) => client.callBuffer(command, args)
  // With automatic pipelining ioredis loses the name of a command sent by callBuffer; in a pipeline of its own it does not.
  return async (command, args) => {
    const line = pipeline.call(client)
    line.callBuffer(command, args)
    const [error, reply] = (await line.exec())?.[0] ?? [new Error('Command aborted'), undefined]
    if (error) throw error
    return reply
  }
}

/** Remembers which client a store stands on. */
export function attachClient<Store extends TransientStore>(store: Store, client: RedisClient): Store {
  return Object.defineProperty(store, clientOf, { value: client })
}

/**
 * The ioredis client a store stands on, found through decorators such as `withPrefix`: for the commands this library has no
 * verb for. Name the type for another client: `getRedis<Cluster>(store)`.
 *
 * @throws TypeError (`invalid-argument`) if there is no Redis store in the chain.
 */
export function getRedis<Client extends RedisClient = Redis>(store: TransientStore): Client {
  let current: TransientStore | undefined = store
  while (current !== undefined) {
    const client = (current as { [clientOf]?: RedisClient })[clientOf]
    if (client !== undefined) return client as Client
    current = innerStore(current)
  }
  throw misuse(new TypeError('this store does not stand on a Redis client'))
}
