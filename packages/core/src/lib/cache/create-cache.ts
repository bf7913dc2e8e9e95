import { json } from '../codec/json.ts'
import { checkKey, misuse } from '../store/checks.ts'
import { parseDuration } from '../store/duration.ts'
import type { TransientStore } from '../store/transient-store.ts'
import type { Cache, CacheOptions, CacheShape } from './cache.ts'
import { createCacheCounter } from './cache-counter.ts'
import type { CacheEngine, CacheRoom } from './cache-engine.ts'
import { storeErrorChannel } from './cache-events.ts'
import { createCacheReader } from './cache-reader.ts'
import { type CacheSpace, createCacheSpace } from './cache-space.ts'
import { createCacheTokens } from './cache-tokens.ts'
import { callOptions } from './call-options.ts'
import { createLoadFailures } from './load-failures.ts'
import { createNearValues } from './near-values.ts'
import { openCache } from './open-cache.ts'
import { createPause } from './pause.ts'
import { createStoreGuard } from './store-guard.ts'
import { createValueFit } from './value-fit.ts'

/**
 * A cache over a store. Impossible options are a `TypeError` or `RangeError` here, not at the first request.
 *
 * ```ts
 * import { createCache } from '@transient/core'
 * import { createMemoryStore } from '@transient/memory'
 *
 * interface Product { id: string; price: number }
 * const cache = createCache<{ [id: `product:${string}`]: Product }>(createMemoryStore(), { ttl: '10m', grace: '1h' })
 * const product = await cache.getOrSet('product:7', async () => ({ id: '7', price: 2400 }), { tags: ['catalogue'] })
 * product.price // 2400
 * await cache.invalidateTag('catalogue')
 * ```
 */
export function createCache<Values extends object = CacheShape>(
  store: TransientStore,
  options: CacheOptions<Values> = {},
): Cache<Values> {
  const {
    prefix = 'cache:',
    codec = json,
    schema,
    maxValueBytes = Number.POSITIVE_INFINITY,
    near: nearOptions,
  } = options
  checkKey(prefix)
  if (maxValueBytes !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(maxValueBytes) && maxValueBytes > 0))
    throw misuse(new RangeError('maxValueBytes must be a whole number from 1'))
  const clock = options.now ?? Date.now
  if (typeof clock !== 'function') throw misuse(new TypeError('now must be a function'))
  const now = () => clock()
  const defaults = callOptions(options)
  const lease = parseDuration(options.lease ?? '2s', 'lease')
  const backoff = parseDuration(options.backoff ?? '250ms', 'backoff')
  const deadline = parseDuration(options.deadline ?? '250ms', 'deadline')
  if (!Number.isFinite(lease) || !Number.isFinite(backoff))
    throw misuse(new RangeError('lease and backoff must be finite'))

  const guard = createStoreGuard(store, deadline, now, (error) => storeErrorChannel.publish({ prefix, error }))
  const reader = createCacheReader(guard)
  const pause = createPause(store, prefix)
  const near = nearOptions && createNearValues(store, prefix, nearOptions, now, pause.wake)
  let order = 0
  const engine: CacheEngine = {
    guard,
    reader,
    tokens: createCacheTokens(guard, reader, now),
    failures: createLoadFailures(backoff, now),
    flights: new Map(),
    storeless: new Map(),
    near,
    codec,
    fit: createValueFit(schema),
    mostBytes: maxValueBytes,
    lease,
    now,
    nextOrder: () => ++order,
    pause: pause.wait,
  }
  const close = async () => {
    await near?.close()
    await pause.close()
  }
  return openCache<Values>({ engine, room: createRooms(engine), close }, createCacheSpace(prefix), defaults)
}

/** One room for each namespace, however often it is asked for. */
function createRooms({ near }: CacheEngine): (space: CacheSpace) => CacheRoom {
  const rooms = new Map<string, CacheRoom>()
  return (space) => {
    let room = rooms.get(space.root)
    if (room === undefined) {
      const counter = createCacheCounter()
      room = { space, counter, near: near?.room(space.root, () => void counter.evictions++) }
      rooms.set(space.root, room)
    }
    return room
  }
}
