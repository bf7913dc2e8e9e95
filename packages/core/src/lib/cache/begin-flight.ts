import { parseDuration } from '../store/duration.ts'
import { isTransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { LoadContext, Loader } from './cache.ts'
import type { CacheEngine, CacheRoom } from './cache-engine.ts'
import { loadChannel, loadErrorChannel } from './cache-events.ts'
import type { CacheRead } from './cache-reader.ts'
import type { CacheSpace } from './cache-space.ts'
import { type CallOptions, checkTags } from './call-options.ts'
import type { EntryTokens } from './entry.ts'
import type { Flight, FlightOutcome } from './flight.ts'
import { type LoadPlace, takeEmptyPlace, takePlaceBeside } from './load-place.ts'
import { keepTokens, lifeOf, payloadOf, valueEntry } from './load-value.ts'

/** What is to be loaded. */
export interface LoadJob {
  readonly room: CacheRoom
  readonly key: string
  readonly load: Loader<unknown>
  readonly call: CallOptions
  /** What the store showed; `undefined` if it cannot be used. */
  readonly read: CacheRead | undefined
  /** The value that is handed out meanwhile. */
  readonly shown: { readonly value: unknown } | undefined
}

interface Tokens extends EntryTokens {
  readonly anyTag: string
}

/** Begins a load. It goes on whether anybody waits or not, unless all who waited gave up. */
export function beginFlight(engine: CacheEngine, job: LoadJob): Flight {
  const abort = new AbortController()
  let waiting = 0
  let isWanted = job.shown !== undefined
  const flight: Flight = {
    order: engine.nextOrder(),
    stamp: undefined,
    isAborted: false,
    outcome: Promise.resolve().then(() => fly(engine, job, flight, abort.signal)),
    wait: () => {
      waiting++
      return (gaveUp) => {
        waiting--
        // Who has only waited too long comes back for it.
        if (!gaveUp) isWanted = true
        if (waiting > 0 || isWanted) return
        flight.isAborted = true
        abort.abort()
      }
    },
  }
  const flights = job.read === undefined ? engine.storeless : engine.flights
  const valueKey = job.room.space.valueKey(job.key)
  flights.set(valueKey, flight)
  const isOver = () => {
    if (flights.get(valueKey) === flight) flights.delete(valueKey)
  }
  flight.outcome.then(isOver, isOver)
  return flight
}

async function fly(engine: CacheEngine, job: LoadJob, flight: Flight, signal: AbortSignal): Promise<FlightOutcome> {
  const { room, key, read, shown } = job
  const { space, counter } = room
  let tokens: Tokens | undefined
  let place: LoadPlace | undefined
  if (read !== undefined) {
    try {
      tokens = await ensureTokens(engine, space, read, job.call.tags)
      place =
        shown === undefined
          ? await takeEmptyPlace(engine.guard, space, read, tokens, engine.lease)
          : await takePlaceBeside(engine.guard, space, read, engine.lease)
      if (place === undefined) return { state: 'lost' }
      flight.stamp = place.stamp
    } catch (error) {
      // The store fails: what is loaded is handed out all the same.
      if (!isTransientError(error)) throw error
    }
  }
  if (signal.aborted) {
    await quietly(place?.leave())
    throw signal.reason
  }
  const valueKey = space.valueKey(key)
  const stopRenewing = place && keepPlace(place, engine.lease)
  // Given back at once: a loader that does not listen to the signal must not keep others from loading.
  signal.addEventListener('abort', () => {
    stopRenewing?.()
    void quietly(place?.leave())
  })
  const wishes: Wishes = { ttl: undefined, tags: [], isSkipped: false }
  let value: unknown
  counter.loads++
  const start = loadChannel.hasSubscribers ? performance.now() : 0
  try {
    value = await job.load(contextOf(wishes, shown?.value, signal))
    engine.failures.forget(valueKey)
    if (loadChannel.hasSubscribers) loadChannel.publish({ space: space.path, duration: performance.now() - start })
  } catch (error) {
    if (!flight.isAborted) {
      counter.loadErrors++
      engine.failures.add(valueKey, error)
      loadErrorChannel.publish({ space: space.path, error })
    }
    stopRenewing?.()
    await quietly(place?.rest(engine.failures.span))
    throw error
  }
  try {
    const lateTagsSince = await fill(engine, job, value, wishes, place, tokens)
    return { state: 'loaded', value, lateTagsSince }
  } finally {
    stopRenewing?.()
  }
}

/** Stores what was loaded; gives the token by which joiners see whether tags that came late still counted for them. */
async function fill(
  engine: CacheEngine,
  { room: { space }, key, call, shown }: LoadJob,
  value: unknown,
  { ttl, tags: late, isSkipped }: Wishes,
  place: LoadPlace | undefined,
  tokens: Tokens | undefined,
): Promise<string | undefined> {
  const since = late.length > 0 ? tokens?.anyTag : undefined
  if (place === undefined || tokens === undefined) {
    // Not stored, and yet no value that the cache could not hold.
    payloadOf(engine, value)
    return since
  }
  let payload: Uint8Array | undefined
  try {
    payload = payloadOf(engine, value)
  } catch (error) {
    await quietly(place.leave())
    throw error
  }
  try {
    const isTooLarge = payload !== undefined && payload.length > engine.mostBytes
    if (isSkipped || isTooLarge) {
      // The stale value stays, and is not loaded anew by everyone who comes.
      await (shown === undefined ? place.leave() : place.rest(engine.lease))
      return since
    }
    const lateTokens = await lateTags(engine, space, key, late, tokens)
    if (lateTokens === undefined) {
      await place.leave()
      return since
    }
    const own = lifeOf(value, ttl, call)
    const { bytes, life } = valueEntry(
      engine,
      { ...tokens, tags: [...tokens.tags, ...lateTokens] },
      payload,
      own,
      call.grace,
    )
    await Promise.all([place.fill(bytes, life), keepTokens(engine, space, key, [...call.tags, ...late], life)])
  } catch (error) {
    // Handed out all the same; the guard has told of it.
    if (!isTransientError(error)) throw error
  }
  return since
}

/** The tokens of tags that came late; `undefined` if one may have been invalidated since the load began. */
async function lateTags(
  { reader, tokens: maker }: CacheEngine,
  space: CacheSpace,
  key: string,
  late: readonly string[],
  before: Tokens,
): Promise<EntryTokens['tags'] | undefined> {
  const others = late.filter((tag) => before.tags.every(([known]) => known !== tag))
  if (others.length === 0) return []
  const shard = space.shardOf(key)
  const keys = others.map((tag) => space.tagKey(tag, shard))
  const found = await maker.ensure(keys, await reader.tokens(keys))
  // After theirs, so that no invalidation goes unseen.
  const [any] = await reader.tokens([space.anyTagKey(shard)])
  return any === before.anyTag ? others.map((tag, at) => [tag, found[at] as string] as const) : undefined
}

async function ensureTokens(
  { tokens }: CacheEngine,
  space: CacheSpace,
  { shard, spaces, anyTag, tags }: CacheRead,
  wanted: readonly string[],
): Promise<Tokens> {
  const spaceKeys = space.spaceKeys(shard)
  const keys = [...spaceKeys, space.anyTagKey(shard), ...wanted.map((tag) => space.tagKey(tag, shard))]
  const all = await tokens.ensure(keys, [...spaces, anyTag, ...wanted.map((tag) => tags.get(tag))])
  const count = spaceKeys.length
  return {
    spaces: all.slice(0, count),
    anyTag: all[count] as string,
    tags: wanted.map((tag, at) => [tag, all[count + 1 + at] as string] as const),
  }
}

interface Wishes {
  ttl: Milliseconds | undefined
  tags: readonly string[]
  isSkipped: boolean
}

function contextOf(wishes: Wishes, stale: unknown, signal: AbortSignal): LoadContext<unknown> {
  return {
    signal,
    stale,
    setTtl: (ttl) => {
      wishes.ttl = parseDuration(ttl, 'ttl')
    },
    setTags: (tags) => {
      wishes.tags = checkTags(tags)
    },
    skip: () => {
      wishes.isSkipped = true
    },
  }
}

/** Prolongs the right to load while the loader works; gives what ends that. */
function keepPlace(place: LoadPlace, lease: Milliseconds): () => void {
  const timer = setInterval(() => void quietly(place.renew()), Math.max(1, Math.floor(lease / 3)))
  timer.unref()
  return () => clearInterval(timer)
}

/** For what is tidying only: an outage leaves it to the lease's end, and was told of by the guard. */
async function quietly(work: Promise<unknown> | undefined): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!isTransientError(error)) throw error
  }
}
