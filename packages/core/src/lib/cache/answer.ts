import { isTransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { beginFlight, type LoadJob } from './begin-flight.ts'
import type { Loader } from './cache.ts'
import type { CacheEngine, CacheRoom } from './cache-engine.ts'
import { misfitChannel } from './cache-events.ts'
import { type CacheRead, hasItsTokens, judge } from './cache-reader.ts'
import type { CacheSpace } from './cache-space.ts'
import type { CallOptions } from './call-options.ts'
import { type StoredValue, stampOf } from './entry.ts'
import type { Flight, FlightOutcome } from './flight.ts'
import { createPatience, type Patience } from './patience.ts'

/** A value as callers get it. */
export interface Shown {
  readonly value: unknown
}

/**
 * One call of `getOrSet`: a value that is stored, or one that is loaded by whoever has the right to. `onWait` is called when it is a load of somebody
 * else that it waits for.
 */
export async function answer(
  engine: CacheEngine,
  room: CacheRoom,
  key: string,
  load: Loader<unknown>,
  call: CallOptions,
  onWait: () => void = () => {},
): Promise<unknown> {
  const order = engine.nextOrder()
  const { space, counter, near } = room
  const valueKey = space.valueKey(key)
  const patience = createPatience(call)
  for (let attempt = 0; ; attempt++) {
    patience.check()
    let read: CacheRead
    const ticket = near?.expect(key)
    try {
      read = await patience.bound(engine.reader.read(space, key, call.tags))
    } catch (error) {
      ticket?.drop()
      if (!isTransientError(error) || patience.isOver()) throw error
      counter.storeErrors++
      return withoutStore(engine, { room, key, load, call, read: undefined, shown: undefined }, patience)
    }
    const time = engine.now()
    const verdict = judge(read, time)
    const shown =
      verdict === 'fresh' || verdict === 'stale' ? show(engine, space, read.entry as StoredValue) : undefined
    const flight = engine.flights.get(valueKey)
    const job: LoadJob = { room, key, load, call, read, shown }
    if (verdict === 'fresh' && shown !== undefined) {
      counter.hits++
      const { entry } = read
      const { earlyRefresh } = call
      if (flight === undefined && earlyRefresh !== undefined && isDueEarly(entry as StoredValue, earlyRefresh, time))
        refresh(engine, job)
      return ticket === undefined ? shown.value : ticket.keep(shown.value, entry as StoredValue)
    }
    ticket?.drop()
    if (verdict === 'stale' && shown !== undefined) {
      const current = flight !== undefined && isJoinable(flight, order, read) ? flight : refresh(engine, job)
      if (call.softTimeout > 0 && current !== undefined) {
        if (current === flight) onWait()
        const renewed = await patience.unlessGivenUp(within(current, call.softTimeout))
        if (renewed?.state === 'loaded' && !isTaggedOut(renewed, current, order, read)) return renewed.value
      }
      counter.staleHits++
      return shown.value
    }
    if (attempt === 0) counter.misses++
    const current = flight !== undefined && isJoinable(flight, order, read) ? flight : undefined
    if (current === undefined && verdict === 'lease') {
      if (attempt === 0) counter.waits++
      onWait()
      await patience.bound(engine.pause(valueKey, attempt))
      continue
    }
    if (current !== undefined) onWait()
    const outcome = await join(engine, job, current, patience)
    if (outcome.state === 'lost') {
      onWait()
      continue
    }
    if (current === undefined || !isTaggedOut(outcome, current, order, read)) return outcome.value
  }
}

/**
 * Whether the load is one that began after the call, or that the store, read after the call, still shows as the one that counts. That its lease is still
 * there does not say so: a `delete` takes it away, but `clear` and the end of a tag leave it where it is, with tokens that are not the namespace's any more.
 */
function isJoinable(flight: Flight, order: number, read: CacheRead): boolean {
  if (flight.isAborted) return false
  if (flight.order > order) return true
  return read.bytes !== null && flight.stamp === stampOf(read.bytes) && hasItsTokens(read)
}

/** Whether a tag that the load added late may have been invalidated between its beginning and the call. */
function isTaggedOut(outcome: FlightOutcome, flight: Flight, order: number, read: CacheRead): boolean {
  if (outcome.state === 'lost' || outcome.lateTagsSince === undefined) return false
  return flight.order < order && outcome.lateTagsSince !== read.anyTag
}

/** Loads behind the caller's back, unless the loader has failed just now. */
function refresh(engine: CacheEngine, job: LoadJob): Flight | undefined {
  const valueKey = job.room.space.valueKey(job.key)
  if (engine.failures.get(valueKey) !== undefined) return undefined
  const flight = beginFlight(engine, job)
  // Its error has been told of, and the stale value is the answer.
  flight.outcome.catch(() => {})
  return flight
}

async function withoutStore(engine: CacheEngine, job: LoadJob, patience: Patience): Promise<unknown> {
  const outcome = await join(engine, job, engine.storeless.get(job.room.space.valueKey(job.key)), patience)
  if (outcome.state === 'lost') throw new Error('a load without a store has nobody to lose to')
  return outcome.value
}

/** Waits for a load that is under way, or for one of its own. */
async function join(
  engine: CacheEngine,
  job: LoadJob,
  current: Flight | undefined,
  patience: Patience,
): Promise<FlightOutcome> {
  if (current === undefined || current.isAborted) {
    const failure = engine.failures.get(job.room.space.valueKey(job.key))
    if (failure !== undefined) throw failure.error
  }
  const flight = current === undefined || current.isAborted ? beginFlight(engine, job) : current
  const leave = flight.wait()
  try {
    return await patience.bound(flight.outcome)
  } finally {
    leave(patience.gaveUp())
  }
}

/** The value as it is stored; `undefined` if it is damaged or does not fit. */
export function show(engine: CacheEngine, space: CacheSpace, { payload }: StoredValue): Shown | undefined {
  if (payload === undefined) return engine.fit(undefined)
  let value: unknown
  try {
    value = engine.codec.decode(payload)
  } catch (error) {
    misfitChannel.publish({ space: space.path, error })
    return undefined
  }
  const shown = engine.fit(value)
  if (shown === undefined) misfitChannel.publish({ space: space.path })
  return shown
}

/** Whether that part of its time is over. */
export function isDueEarly(
  { madeAt, freshUntil }: Pick<StoredValue, 'madeAt' | 'freshUntil'>,
  part: number,
  now: Milliseconds,
): boolean {
  // An endless value is never due, and `0 * Infinity` is no number.
  return now >= madeAt + part * (freshUntil - madeAt)
}

/** The outcome if it is there in time; `undefined` if not, or if the loader failed. */
async function within(flight: Flight, span: Milliseconds): Promise<FlightOutcome | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, span, undefined)
  })
  try {
    return await Promise.race([flight.outcome.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}
