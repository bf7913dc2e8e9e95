/** A thing to do again and again: what a contender's process is started for. */
export interface Work {
  /** Does it about as often as asked, and tells how often. */
  run(operations: number): Promise<number>
  close(): Promise<void>
}

/** Who does the work: a store of ours, or what it stands on, used directly. */
export type Side = 'ours' | 'bare'

/** What a process is asked to do. */
export type WorkOrder =
  | { readonly kind: 'memory'; readonly side: Side; readonly verb: MemoryVerb }
  | ({ readonly kind: 'redis'; readonly side: Side } & RedisOrder)

/** `set of a copy`: the bare side copies the bytes as well. */
export type MemoryVerb = 'get hit' | 'get miss' | 'set' | 'set of a copy'

export interface RedisOrder {
  /** `set` is of bytes of any kind; `set of text` of ASCII, which the bare side has as a string. */
  readonly verb: 'get' | 'set' | 'set of text' | 'compareAndSet' | 'compareAndSet with stamp'
  readonly valueBytes: number
  /** How many loops run beside each other, each waiting for its answer before it asks again. */
  readonly concurrency: number
  readonly connection: RedisConnectionOrder
}

export interface RedisConnectionOrder {
  readonly url: string
  /** The major version of ioredis. */
  readonly ioredis: 5 | 6
  /** Whether our store gets a client, or the URL and opens its own. */
  readonly own: boolean
}
