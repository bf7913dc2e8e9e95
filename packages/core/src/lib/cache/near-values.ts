import { misuse } from '../store/checks.ts'
import { type Duration, parseDuration } from '../store/duration.ts'
import { isTransientError } from '../store/errors.ts'
import { isWatchable, type Milliseconds, type StoreChange, type TransientStore } from '../store/transient-store.ts'
import { nearChannel } from './cache-events.ts'
import { type ParsedKey, parseCacheKey } from './cache-space.ts'
import { deepFreeze } from './deep-freeze.ts'
import type { StoredValue } from './entry.ts'

/** Options of the near cache: decoded values that this process keeps for itself. */
export interface NearOptions {
  /** How many values at most. Default 10 000. */
  readonly maxEntries?: number | undefined
  /** How many bytes they may take in the store, together. Default 64 MiB. */
  readonly maxBytes?: number | undefined
  /** How long one is kept without being read from the store again, whatever its own `ttl`. Default: as long as it is fresh. */
  readonly ttl?: Duration | undefined
}

/** The values of one namespace that are near. */
export interface NearRoom {
  get(key: string): NearValue | undefined
  /** A read of the key begins: what it finds may be kept unless something changes meanwhile. */
  expect(key: string): NearTicket | undefined
  /** This process is about to change the key, or has. */
  forget(key: string): void
  /** This process is about to end the tag, or has. */
  forgetTag(tag: string): void
}

export interface NearValue {
  readonly value: unknown
  readonly madeAt: Milliseconds
  readonly freshUntil: Milliseconds
}

/** A read that is under way. */
export interface NearTicket {
  /** Gives the value as callers are to get it. */
  keep(value: unknown, entry: StoredValue): unknown
  drop(): void
}

/** Decoded values in this process, true as long as the store tells of changes. */
export interface NearValues {
  room(root: string, onEvict: () => void): NearRoom
  /** Everything of the namespace, and of those inside it, may have changed. */
  forgetRoot(root: string): void
  close(): Promise<void>
}

interface Held extends NearValue {
  readonly until: Milliseconds
  readonly bytes: number
  readonly tags: StoredValue['tags']
  /** Whether it was asked for since the hand of the clock passed. */
  used: boolean
}

interface Room extends NearRoom {
  readonly root: string
  readonly held: Map<string, Held>
  readonly tickets: Map<string, Set<Ticket>>
  readonly onEvict: () => void
}

interface Ticket {
  isValid: boolean
}

/** How long a value is near where the store refuses to tell of changes. */
const shortTtl = 1000
const firstRetry = 100
const longestRetry = 5000

export function createNearValues(
  store: TransientStore,
  prefix: string,
  options: NearOptions,
  now: () => Milliseconds,
  onChanged: (valueKey: string) => void,
): NearValues {
  const { maxEntries = 10_000, maxBytes = 64 * 1024 * 1024 } = options
  const longest = options.ttl === undefined ? Number.POSITIVE_INFINITY : parseDuration(options.ttl, 'near.ttl')
  checkCount(maxEntries, 'near.maxEntries')
  checkCount(maxBytes, 'near.maxBytes')
  if (!isWatchable(store)) throw misuse(new TypeError('near needs a store that tells of changes (see isWatchable)'))
  const watchable = store
  const rooms = new Map<string, Room>()
  let count = 0
  let bytes = 0
  /** `undefined` as long as nothing can be kept. */
  let ttl: Milliseconds | undefined
  let watch: AsyncDisposable | undefined
  let retry: NodeJS.Timeout | undefined
  let isClosed = false

  function remove(room: Room, key: string, value: Held): void {
    room.held.delete(key)
    count--
    bytes -= value.bytes
  }

  function forget(room: Room, key: string): void {
    const value = room.held.get(key)
    if (value !== undefined) remove(room, key, value)
    for (const ticket of room.tickets.get(key) ?? []) ticket.isValid = false
  }

  function spoilTickets(room: Room): void {
    for (const tickets of room.tickets.values()) for (const ticket of tickets) ticket.isValid = false
  }

  function empty(room: Room): void {
    for (const [key, value] of room.held) remove(room, key, value)
    spoilTickets(room)
  }

  function forgetRoot(root: string): void {
    for (const room of rooms.values()) if (room.root.startsWith(root)) empty(room)
  }

  /** A tag of this namespace has changed. Which tags a value has that is being read is not known yet. */
  function forgetTag(room: Room, tag: string): void {
    for (const [key, value] of room.held) if (value.tags.some(([own]) => own === tag)) remove(room, key, value)
    spoilTickets(room)
  }

  function apply({ root, kind, rest }: ParsedKey): void {
    if (kind === 'n') return forgetRoot(root)
    const room = rooms.get(root)
    if (room === undefined) return
    if (kind === 'v') forget(room, rest)
    else if (kind === 't') forgetTag(room, rest.slice(rest.indexOf(':') + 1))
  }

  const onChange = (change: StoreChange): void => {
    if (change.type === 'gap') return forgetRoot(prefix)
    for (const key of change.keys) {
      onChanged(key)
      const parsed = parseCacheKey(prefix, key)
      if (parsed !== undefined) apply(parsed)
    }
  }

  async function listen(delay: Milliseconds): Promise<void> {
    try {
      const begun = await watchable.watch(prefix, onChange)
      if (isClosed) return await begun[Symbol.asyncDispose]()
      watch = begun
      forgetRoot(prefix)
      ttl = longest
    } catch (error) {
      if (isClosed || !isTransientError(error)) return
      if (error.code === 'unsupported' || error.code === 'denied') {
        // The server does not tell of changes, and will not: what is near is then at most so old.
        ttl = Math.min(longest, shortTtl)
        nearChannel.publish({ prefix, error, ttl })
        return
      }
      retry = setTimeout(() => void listen(Math.min(delay * 2, longestRetry)), delay).unref()
    }
  }

  /** Makes room as the hand of a clock does: what was asked for since it passed gets another round. */
  function evict(): void {
    while (count > maxEntries || bytes > maxBytes) {
      for (const room of rooms.values()) {
        const next = room.held.entries().next()
        if (next.done) continue
        const [key, value] = next.value
        if (value.used) {
          value.used = false
          room.held.delete(key)
          room.held.set(key, value)
          continue
        }
        remove(room, key, value)
        room.onEvict()
        if (count <= maxEntries && bytes <= maxBytes) return
      }
    }
  }

  function createRoom(root: string, onEvict: () => void): Room {
    const held = new Map<string, Held>()
    const tickets = new Map<string, Set<Ticket>>()
    const room: Room = {
      root,
      held,
      tickets,
      onEvict,
      get: (key) => {
        const value = held.get(key)
        if (value === undefined) return undefined
        if (now() >= value.until) {
          remove(room, key, value)
          return undefined
        }
        value.used = true
        return value
      },
      forget: (key) => forget(room, key),
      forgetTag: (tag) => forgetTag(room, tag),
      expect: (key) => {
        if (ttl === undefined) return undefined
        const ticket = { isValid: true }
        const others = tickets.get(key) ?? new Set()
        others.add(ticket)
        tickets.set(key, others)
        const drop = () => {
          others.delete(ticket)
          if (others.size === 0 && tickets.get(key) === others) tickets.delete(key)
        }
        return {
          drop,
          keep: (value, { madeAt, freshUntil, tags, payload }) => {
            drop()
            if (!ticket.isValid || ttl === undefined) return value
            const size = payload?.length ?? 0
            if (size > maxBytes) return value
            const before = held.get(key)
            if (before !== undefined) remove(room, key, before)
            const frozen = deepFreeze(value)
            const until = Math.min(freshUntil, now() + ttl)
            held.set(key, { value: frozen, madeAt, freshUntil, until, bytes: size, tags, used: false })
            count++
            bytes += size
            if (count > maxEntries || bytes > maxBytes) evict()
            return frozen
          },
        }
      },
    }
    return room
  }

  void listen(firstRetry)
  return {
    room: (root, onEvict) => {
      let room = rooms.get(root)
      if (room === undefined) {
        room = createRoom(root, onEvict)
        rooms.set(root, room)
      }
      return room
    },
    forgetRoot,
    close: async () => {
      isClosed = true
      ttl = undefined
      clearTimeout(retry)
      forgetRoot(prefix)
      await watch?.[Symbol.asyncDispose]()
    },
  }
}

function checkCount(count: unknown, option: string): void {
  if (!Number.isSafeInteger(count) || (count as number) < 1)
    throw misuse(new RangeError(`${option} must be a whole number from 1`))
}
