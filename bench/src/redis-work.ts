import { utf8 } from '@transient/core'
import type { TransientStore } from '@transient/core/store'
import { createRedisStore } from '@transient/redis'
import { type BareClient, connectBare } from './bare-client.ts'
import type { RedisConnectionOrder, RedisOrder, Side, Work } from './work.ts'

const keyCount = 1024
const ttl = 60_000
const stamp = 16

/** One operation, for the `loop`th loop. */
type Call = (loop: number, index: number) => Promise<unknown>

/** One verb of the store, or the command it stands for, in as many loops at once as the order says. */
export async function createRedisWork(side: Side, order: RedisOrder): Promise<Work> {
  const { call, close } = await (side === 'ours' ? ourCall(order) : bareCall(order))

  async function loop(number: number, operations: number): Promise<void> {
    for (let index = 0; index < operations; index += 1) await call(number, index)
  }

  return {
    async run(operations) {
      const each = Math.ceil(operations / order.concurrency)
      await Promise.all(Array.from({ length: order.concurrency }, (_, number) => loop(number, each)))
      return each * order.concurrency
    },
    close,
  }
}

interface Connected {
  readonly call: Call
  close(): Promise<void>
}

async function ourCall(order: RedisOrder): Promise<Connected> {
  const { store, close } = await openStore(order.connection)
  const keys = keyNames(keyCount)
  const value = order.verb === 'set of text' ? utf8.encode(textOf(order.valueBytes)) : valueOf(order.valueBytes, 1)
  if (order.verb === 'set' || order.verb === 'set of text')
    return { close, call: (loop, index) => store.set(keyAt(keys, loop, index), value, ttl) }
  if (order.verb === 'get') {
    await store.setMany(keys.map((key) => ({ key, value, ttl: Number.POSITIVE_INFINITY })))
    return { close, call: (loop, index) => store.get(keyAt(keys, loop, index)) }
  }
  return { close, call: await swaps(store, order) }
}

/** Each loop has a key of its own and swaps two values in it, to and fro, so that every swap succeeds. */
async function swaps(store: TransientStore, { verb, valueBytes, concurrency }: RedisOrder): Promise<Call> {
  const values = [valueOf(valueBytes, 1), valueOf(valueBytes, 2)] as const
  const keys = Array.from({ length: concurrency }, (_, loop) => `swap:${loop}`)
  const held = keys.map(() => 0)
  for (const key of keys) await store.set(key, values[0], ttl)
  const options = verb === 'compareAndSet' ? undefined : { stamp }
  return async (loop) => {
    const now = held[loop] as 0 | 1
    const next = now === 0 ? 1 : 0
    const done = await store.compareAndSet(keys[loop] as string, values[now], values[next], ttl, options)
    if (!done) throw new Error('a swap that nobody disturbed was refused')
    held[loop] = next
  }
}

async function bareCall({ verb, valueBytes, concurrency, connection }: RedisOrder): Promise<Connected> {
  const client = await connectBare(connection.url, connection.ioredis)
  const close = () => quit(client)
  const value = verb === 'set of text' ? textOf(valueBytes) : Buffer.from(valueOf(valueBytes, 1))
  // Beside a swap: as many keys as that has, so that both find them equally fast.
  const keys = keyNames(verb.startsWith('compareAndSet') ? concurrency : keyCount)
  if (verb !== 'get') return { close, call: (loop, index) => client.set(keyAt(keys, loop, index), value, 'PX', ttl) }
  for (const key of keys) await client.set(key, value, 'PX', 3_600_000)
  return { close, call: (loop, index) => client.getBuffer(keyAt(keys, loop, index)) }
}

/** Our store on a client like the bare one or, if the order says so, on a connection of its own. */
export async function openStore(
  connection: RedisConnectionOrder,
): Promise<{ store: TransientStore; close(): Promise<void> }> {
  if (connection.own) {
    const store = createRedisStore(connection.url)
    await store.getMany(['connected'])
    return { store, close: () => store.close() }
  }
  const client = await connectBare(connection.url, connection.ioredis)
  const store = createRedisStore(client)
  return { store, close: () => store.close().then(() => quit(client)) }
}

async function quit(client: BareClient): Promise<void> {
  await client.quit()
}

function keyNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `entry:${index.toString().padStart(8, '0')}`)
}

function keyAt(keys: readonly string[], loop: number, index: number): string {
  return keys[(loop + index) % keys.length] as string
}

/** As JSON has it. */
function textOf(size: number): string {
  return JSON.stringify('apple '.repeat(size)).slice(0, size)
}

/** Binary, and different from its first byte on. */
function valueOf(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + seed * 101) % 256)
}
