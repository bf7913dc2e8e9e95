import type {
  CompareAndSetOptions,
  InspectableStore,
  Milliseconds,
  StoreEntry,
  WatchableStore,
} from '@transient/core/store'
import {
  checkCompareAndSet,
  checkDelta,
  checkEntries,
  checkKey,
  checkKeys,
  checkListener,
  checkTtl,
  checkValue,
  misuse,
  TransientError,
} from '@transient/core/store'
import { createCommandSender } from './command-sender.ts'
import { createSwapper } from './compare-and-set.ts'
import { setExpiry } from './expiry-arguments.ts'
import {
  attachClient,
  callOf,
  checkClient,
  isTrackable,
  type RedisArgument,
  type RedisClient,
  type TrackableClient,
} from './redis-client.ts'
import { openConnection } from './redis-connection.ts'
import { type RedisConnectionOptions, type RedisStoreOptions, resolveOptions } from './redis-options.ts'
import { rejecting } from './rejecting-verb.ts'
import { asIs, count, counter, done, nothing, timeLeft, value, values } from './replies.ts'
import { scanKeys } from './scan-keys.ts'
import { incrementScript, persistScript, runScript } from './scripts.ts'
import { readAndTouch } from './touching-read.ts'
import { createTracking } from './tracking.ts'
import { copyOf } from './value-argument.ts'

/** A store on a server or a cluster. On a cluster `scan`, `flush` and `watch` reject with `unsupported`. */
export interface RedisStore extends InspectableStore, WatchableStore {}

/**
 * A store on Redis 6.2 or later, or on Valkey.
 *
 * With a URL (`redis://`, `rediss://` or the path of a socket; the path of a URL is the number of the database) the store
 * opens a connection of its own, and `close()` ends it. While that connection is down every verb rejects at once with
 * `unavailable` (`denied` if the password is wrong), and it comes back by itself.
 *
 * A client is used as it is, never configured and never closed; how long a command waits for a dead server is for its own
 * options to say. By default ioredis sends commands again that were under way when the connection broke: an `increment` may
 * then count twice. `{ autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }` makes it reject them instead.
 *
 * `watch` opens a connection of the store's own, with the client's options, at the first watch; it is closed with the last, or by
 * `close()`, and keeps the process alive until then. It rejects with `unsupported` where the server or the user's permissions refuse
 * `CLIENT ID`, `CLIENT TRACKING` or `SUBSCRIBE` to `__redis__:invalidate`, and with `denied`, `unavailable` or `timeout` (after the
 * client's `connectTimeout`) where no connection comes about. Later the connection is looked after: its loss is a `gap` at once, with another
 * each {@link RedisStoreOptions.watchHeartbeat} until it is replaced, and one then. One that is silently dead is noticed within twice that
 * time, 2 seconds by default. A flush of this or another database is a `gap`; keys of the same name in other databases are reported
 * too, and so is what the server evicts. See https://redis.io/docs/latest/commands/client-tracking/
 *
 * @throws TypeError (`invalid-argument`) for another kind of URL, a client with a `keyPrefix`, and a client that would leave
 * commands without an answer (`autoResendUnfulfilledCommands: false` alone).
 */
export function createRedisStore(url: string, options?: RedisConnectionOptions): RedisStore
export function createRedisStore(client: TrackableClient, options?: RedisStoreOptions): RedisStore
export function createRedisStore(client: RedisClient, options?: RedisStoreOptions): InspectableStore
export function createRedisStore(target: string | RedisClient, options: RedisConnectionOptions = {}): InspectableStore {
  if (typeof target !== 'string' && typeof (target as Partial<RedisClient> | undefined)?.callBuffer !== 'function')
    throw misuse(new TypeError('a Redis store needs a URL or an ioredis client'))
  const { maxValueBytes, scanCount, watchHeartbeat, ...timeouts } = resolveOptions(options, target)
  const connection = typeof target === 'string' ? openConnection(target, timeouts) : undefined
  const client: RedisClient = connection?.client ?? (target as RedisClient)
  if (connection === undefined) checkClient(client)

  const { assertOpen, bytes, send, close } = createCommandSender(client, connection)
  const call = callOf(client)
  const swap = createSwapper(call)
  const tracking = isTrackable(client) ? createTracking(client, watchHeartbeat) : undefined
  let closing: Promise<void> | undefined

  function assertSize(operation: string, key: string, input: Uint8Array): void {
    if (input.length <= maxValueBytes) return
    const message = `${input.length} bytes are over the limit of ${maxValueBytes}`
    throw new TransientError('too-large', { operation, key, applied: 'no', message })
  }

  function write(operation: string, { key, value: input, ttl }: StoreEntry): Promise<void> {
    return send(operation, key, true, () => call('set', [key, bytes(input), ...setExpiry(ttl)]), nothing)
  }

  const remove = (keys: readonly string[], key?: string) =>
    send('delete', key, true, () => call('del', [...keys]), count)

  async function* scan(prefix: string): AsyncGenerator<readonly string[], void, undefined> {
    checkKey(prefix)
    assertOneNode('scan', undefined)
    const step = (args: RedisArgument[]) => send('scan', undefined, false, () => call('scan', args), asIs)
    yield* scanKeys(step, prefix, scanCount)
  }

  // The keys of a cluster are on many nodes: what goes by key is routed by the client, the rest would answer for one node.
  function assertOneNode(operation: string, applied: 'no' | undefined): void {
    if (client.isCluster !== true) return
    const message = 'it would reach one node of the cluster only'
    throw new TransientError('unsupported', { operation, applied, message })
  }

  const store: InspectableStore = {
    atomicity: 'shared',

    get: rejecting((key, options) => {
      checkKey(key)
      const touch = options?.touch
      if (touch === undefined) return send('get', key, false, () => call('get', [key]), value)
      checkTtl(touch, 'touch')
      return send('get', key, true, () => readAndTouch(call, key, touch), value)
    }),

    getMany: rejecting((keys) => {
      checkKeys(keys)
      assertOpen('getMany', undefined, false)
      if (keys.length === 0) return Promise.resolve([])
      const get = (key: string) => send('getMany', key, false, () => call('get', [key]), value)
      if (client.isCluster === true) return Promise.all(keys.map(get))
      return send('getMany', undefined, false, () => call('mget', [...keys]), values)
    }),

    set: rejecting((key, input, ttl) => {
      checkKey(key)
      checkValue(input)
      checkTtl(ttl)
      assertSize('set', key, input)
      return write('set', { key, value: input, ttl })
    }),

    setMany: rejecting(async (entries) => {
      checkEntries(entries)
      assertOpen('setMany', undefined, true)
      for (const { key, value: input } of entries) assertSize('setMany', key, input)
      // All are answered before the first failure is told: nothing of a rejected batch is still under way.
      const answers = await Promise.allSettled(entries.map((entry) => write('setMany', entry)))
      for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
    }),

    delete: rejecting(async (keys) => {
      if (typeof keys === 'string') {
        checkKey(keys)
        return remove([keys], keys)
      }
      checkKeys(keys)
      assertOpen('delete', undefined, true)
      if (keys.length === 0) return 0
      if (client.isCluster !== true) return remove(keys)
      const counts = await Promise.all(keys.map((key) => remove([key], key)))
      return counts.reduce((sum, one) => sum + one, 0)
    }),

    touch: rejecting((key, ttl) => {
      checkKey(key)
      checkTtl(ttl)
      if (ttl === Number.POSITIVE_INFINITY)
        return send('touch', key, true, () => runScript(call, persistScript, key, []), done)
      return send('touch', key, true, () => call('pexpire', [key, String(ttl)]), done)
    }),

    ttl: rejecting((keys) => {
      checkKeys(keys)
      assertOpen('ttl', undefined, false)
      return Promise.all(keys.map((key) => send('ttl', key, false, () => call('pttl', [key]), timeLeft)))
    }),

    take: rejecting((key) => {
      checkKey(key)
      return send('take', key, true, () => call('getdel', [key]), value)
    }),

    compareAndSet: rejecting(
      (
        key: string,
        expected: Uint8Array | null,
        next: Uint8Array | null,
        ttl?: Milliseconds | 'keep',
        options?: CompareAndSetOptions,
      ) => {
        checkCompareAndSet(key, expected, next, ttl, options)
        if (next !== null) assertSize('compareAndSet', key, next)
        // Copies: the server may refuse its own command or not know the script, and then the bytes are sent again.
        const replacement = next === null ? undefined : [copyOf(next), ...setExpiry(ttl as Milliseconds | 'keep')]
        if (expected === null)
          return send('compareAndSet', key, true, () => call('set', [key, ...(replacement ?? []), 'NX']), done)
        const held = copyOf(options?.stamp === undefined ? expected : expected.subarray(0, options.stamp))
        const byStamp = options?.stamp !== undefined
        return send('compareAndSet', key, true, () => swap({ key, expected: held, byStamp, next: replacement }), done)
      },
    ),

    increment: rejecting(async (key, delta, ttl) => {
      checkKey(key)
      checkDelta(delta)
      checkTtl(ttl)
      const args = [String(delta), ...setExpiry(ttl)]
      const answer = await send('increment', key, true, () => runScript(call, incrementScript, key, args), counter)
      if (typeof answer === 'string') throw new TransientError(answer, { operation: 'increment', key, applied: 'no' })
      return answer
    }),

    scan,

    flush: rejecting(() => {
      assertOneNode('flush', 'no')
      return send('flush', undefined, true, () => call('flushdb', []), nothing)
    }),

    close() {
      tracking?.close()
      return (closing ??= close(timeouts.responseTimeout))
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  if (tracking !== undefined) {
    const watch: WatchableStore['watch'] = async (prefix, listener) => {
      checkKey(prefix)
      checkListener(listener)
      assertOpen('watch', undefined, false)
      assertOneNode('watch', undefined)
      return tracking.watch(prefix, listener)
    }
    Object.assign(store, { watch })
  }
  return attachClient(store, client)
}
