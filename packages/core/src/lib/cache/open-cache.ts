import { stringify } from '../codec/json.ts'
import { checkKey, misuse } from '../store/checks.ts'
import { TransientError } from '../store/errors.ts'
import type { StoreEntry } from '../store/transient-store.ts'
import { answer, isDueEarly, show } from './answer.ts'
import { createBatchLoads, type LoadMany } from './batch-loads.ts'
import type { Cache, CachedFunction, CachedOptions, CacheSetOptions, GetOrSetOptions, Loader } from './cache.ts'
import type { CacheEngine, CacheRoom } from './cache-engine.ts'
import { judge } from './cache-reader.ts'
import type { CacheSpace } from './cache-space.ts'
import { type CallOptions, callOptions, checkTags } from './call-options.ts'
import type { EntryTokens, StoredValue } from './entry.ts'
import { keepTokens, lifeOf, payloadOf, valueEntry } from './load-value.ts'
import type { NearValue } from './near-values.ts'

/** What all namespaces of one cache need to be opened. */
export interface CacheHouse {
  readonly engine: CacheEngine
  /** The room of a namespace: the same one however often it is asked for. */
  room(space: CacheSpace): CacheRoom
  close(): Promise<void>
}

const longestKey = 65_536

/** A cache over one namespace. */
export function openCache<Values extends object>(
  house: CacheHouse,
  space: CacheSpace,
  defaults: CallOptions,
): Cache<Values> {
  const { engine } = house
  const room = house.room(space)
  const { counter, near } = room
  const { guard, reader, tokens, failures } = engine

  /** The fresh value, as it is stored. */
  async function find(key: string): Promise<{ readonly value: unknown } | undefined> {
    const hit = near?.get(key)
    if (hit !== undefined) {
      counter.hits++
      return hit
    }
    checkCacheKey(key)
    const ticket = near?.expect(key)
    try {
      const read = await reader.read(space, key, [])
      const entry = judge(read, engine.now()) === 'fresh' ? (read.entry as StoredValue) : undefined
      const shown = entry && show(engine, space, entry)
      if (shown === undefined || entry === undefined) {
        counter.misses++
        return undefined
      }
      counter.hits++
      return ticket === undefined ? shown : { value: ticket.keep(shown.value, entry) }
    } finally {
      ticket?.drop()
    }
  }

  /** The near value, unless it is time to load it anew. */
  function nearHit(key: string, options: GetOrSetOptions | undefined): NearValue | undefined {
    const hit = near?.get(key)
    if (hit === undefined) return undefined
    const earlyRefresh = options?.earlyRefresh ?? defaults.earlyRefresh
    return earlyRefresh !== undefined && isDueEarly(hit, earlyRefresh, engine.now()) ? undefined : hit
  }

  async function getOrSet(key: string, load: Loader<unknown>, options?: GetOrSetOptions): Promise<unknown> {
    const hit = nearHit(key, options)
    if (hit !== undefined) {
      counter.hits++
      return hit.value
    }
    checkCacheKey(key)
    checkLoader(load)
    return answer(engine, room, key, load, callOptions(options, defaults))
  }

  async function getOrSetMany(
    keys: readonly string[],
    loadMany: LoadMany,
    options?: GetOrSetOptions,
  ): Promise<Map<string, unknown>> {
    checkKeyList(keys)
    checkLoader(loadMany)
    const call = callOptions(options, defaults)
    const wanted = [...new Set(keys)]
    const batch = createBatchLoads(wanted, loadMany)
    const values = await Promise.all(
      wanted.map(async (key) => {
        try {
          const hit = nearHit(key, options)
          if (hit !== undefined) {
            counter.hits++
            return hit.value
          }
          const load: Loader<unknown> = (context) => batch.load(key, context)
          return await answer(engine, room, key, load, call, () => batch.settle(key))
        } finally {
          batch.settle(key)
        }
      }),
    )
    return new Map(wanted.map((key, at) => [key, values[at]]))
  }

  async function setMany(values: Iterable<readonly [string, unknown]>, options?: CacheSetOptions): Promise<void> {
    const call = callOptions(options, defaults)
    const own = Array.from(values, ([key, value]) => {
      checkCacheKey(key)
      return { key, value, payload: checkSize(key, payloadOf(engine, value)) }
    })
    if (own.length === 0) return
    for (const { key } of own) forget(key)
    const tokensOf = await tokensFor(
      own.map(({ key }) => key),
      call.tags,
    )
    const entries = own.map(({ key, value, payload }): StoreEntry => {
      const ttl = lifeOf(value, undefined, call)
      const { bytes, life } = valueEntry(engine, tokensOf(key), payload, ttl, call.grace)
      return { key: space.valueKey(key), value: bytes, ttl: life }
    })
    const life = Math.max(...entries.map(({ ttl }) => ttl))
    const keeping = own.map(({ key }) => keepTokens(engine, space, key, call.tags, life))
    await Promise.all([guard.run('cache.set', (store) => store.setMany(entries)), ...keeping])
    for (const { key } of own) forget(key)
  }

  /** The tokens that go with values under these keys, read and made in one go. */
  async function tokensFor(keys: readonly string[], tags: readonly string[]): Promise<(key: string) => EntryTokens> {
    const shards = [...new Set(keys.map((key) => space.shardOf(key)))]
    const names = shards.flatMap((shard) => [...space.spaceKeys(shard), ...tags.map((tag) => space.tagKey(tag, shard))])
    const made = await tokens.ensure(names, await reader.tokens(names))
    const found = new Map(names.map((name, at) => [name, made[at] as string]))
    return (key) => {
      const shard = space.shardOf(key)
      return {
        spaces: space.spaceKeys(shard).map((name) => found.get(name) as string),
        tags: tags.map((tag) => [tag, found.get(space.tagKey(tag, shard)) as string] as const),
      }
    }
  }

  function checkSize(key: string, payload: Uint8Array | undefined): Uint8Array | undefined {
    const size = payload?.length ?? 0
    if (size <= engine.mostBytes) return payload
    const message = `a value of ${size} bytes is larger than maxValueBytes allows (${engine.mostBytes})`
    throw new TransientError('too-large', { operation: 'cache.set', key, applied: 'no', message })
  }

  /** What this process knows of the key is about to be wrong, or is. */
  function forget(key: string): void {
    near?.forget(key)
    failures.forget(space.valueKey(key))
  }

  async function invalidateTags(tags: readonly string[]): Promise<void> {
    const own = checkTags(tags)
    if (own.length === 0) return
    for (const tag of own) near?.forgetTag(tag)
    await tokens.endTags(space, own)
    for (const tag of own) near?.forgetTag(tag)
  }

  async function clear(): Promise<void> {
    engine.near?.forgetRoot(space.root)
    failures.forgetAll(space.root)
    await tokens.endSpace(space)
    engine.near?.forgetRoot(space.root)
  }

  function cached<Args extends readonly unknown[], Value>(
    work: (...args: Args) => Value | Promise<Value>,
    options: CachedOptions<Args> = {},
  ): CachedFunction<Args, Value> {
    checkLoader(work)
    const {
      name = work.name,
      key: keyOf = (...args: Args) => stringify(args, 'the arguments'),
      tags,
      ...rest
    } = options
    if (name === '') throw misuse(new TypeError('a cached function without a name needs the option name'))
    const usual = callOptions(rest, defaults)
    const inner = openCache<Record<string, unknown>>(house, space.inside(name), usual)
    const call = (...args: Args) => {
      const own = typeof tags === 'function' ? tags(...args) : tags
      return inner.getOrSet(keyOf(...args), () => work(...args), own && { tags: own }) as Promise<Value>
    }
    return Object.assign(call, { delete: (...args: Args) => inner.delete(keyOf(...args)), clear: inner.clear })
  }

  const cache: Cache<Record<string, unknown>> = {
    get: async (key) => (await find(key))?.value,
    has: async (key) => (await find(key)) !== undefined,
    getMany: async (keys) => {
      checkKeyList(keys)
      const found = await Promise.all(keys.map(find))
      return new Map(keys.flatMap((key, at) => (found[at] === undefined ? [] : [[key, found[at].value] as const])))
    },
    set: (key, value, options) => setMany([[key, value]], options),
    setMany,
    getOrSet,
    getOrSetMany: getOrSetMany as Cache['getOrSetMany'],
    delete: async (keys) => {
      const list = typeof keys === 'string' ? [keys] : keys
      checkKeyList(list)
      if (list.length === 0) return false
      for (const key of list) forget(key)
      const deleted = await guard.run('cache.delete', (store) => store.delete(list.map(space.valueKey)))
      for (const key of list) forget(key)
      return deleted > 0
    },
    invalidateTag: async (tag) => invalidateTags([tag]),
    invalidateTags,
    clear,
    namespace: (name, options) => openCache(house, space.inside(name), callOptions(options, defaults)),
    cached,
    close: house.close,
    get counts() {
      return { ...counter }
    },
  }
  // In here keys are texts and values anything: which key has which value is for the application's compiler alone.
  return cache as unknown as Cache<Values>
}

function checkCacheKey(key: unknown): asserts key is string {
  checkKey(key)
  if (key.length > longestKey)
    throw misuse(new RangeError(`a key of the cache must have at most ${longestKey} characters`))
}

function checkKeyList(keys: unknown): asserts keys is readonly string[] {
  if (!Array.isArray(keys)) throw misuse(new TypeError('keys must be an array of strings'))
  for (const key of keys as unknown[]) checkCacheKey(key)
}

function checkLoader(load: unknown): void {
  if (typeof load !== 'function') throw misuse(new TypeError('the loader must be a function'))
}
