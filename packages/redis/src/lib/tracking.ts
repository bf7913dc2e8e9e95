import { type Milliseconds, type StoreChange, TransientError } from '@transient/core/store'
import { coverOf, isCovered } from './prefix-cover.ts'
import type { TrackableClient } from './redis-client.ts'
import { retryDelay } from './retry-delay.ts'
import { openTrackingConnection, type TrackingConnection } from './tracking-connection.ts'
import { createWatchers } from './watchers.ts'

/** Up to so many prefixes are tracked as they are. */
const most = 64
/** When some are no longer needed, only so many: at the limit, watches that come and go would else change the connection each time. */
const mostAgain = 32

/** All watches of a store, over one connection that is open as long as there are any. */
export interface Tracking {
  watch(prefix: string, listener: (change: StoreChange) => void): Promise<AsyncDisposable>
  close(): void
}

/**
 * A connection tracks the prefixes it was armed for. When another set is needed, a new one is armed before the old one is
 * let go, so that nothing is missed in between. From the loss of a connection until another is armed, watchers are
 * told of a gap again and again, at least once per heartbeat: what they remember meanwhile is not looked after.
 */
export function createTracking(client: TrackableClient, heartbeat: Milliseconds): Tracking {
  const watchers = createWatchers()
  /** Everyone who watches or is about to. */
  const claims = new Set<{ readonly prefix: string }>()
  const retired = new Set<TrackingConnection>()
  let connection: TrackingConnection | undefined
  let next: TrackingConnection | undefined
  let arming: Promise<void> | undefined
  let pulse: NodeJS.Timeout | undefined
  let retry: NodeJS.Timeout | undefined
  let failures = 0
  /** A connection was lost, and none is armed since. */
  let isBlind = false
  let hasSurplus = false
  let isClosed = false

  const events = {
    changed: (keys: readonly string[]) => watchers.changed(keys),
    gap: () => watchers.gap(),
    lost,
  }

  const wanted = (limit: number) =>
    coverOf(
      Array.from(claims, ({ prefix }) => prefix),
      limit,
    )

  async function arm(limit: number): Promise<void> {
    clearTimeout(retry)
    const opened = openTrackingConnection(client, wanted(limit), events)
    next = opened
    try {
      await opened.armed
      if (!opened.isAlive()) throw new TransientError('unavailable', { operation: 'watch' })
    } catch (error) {
      // Others may have lost theirs meanwhile, and nobody else tries again.
      if (next === opened && isBlind) retry = setTimeout(rearm, retryDelay(failures++)).unref()
      throw error
    } finally {
      if (next === opened) next = undefined
      else opened.close()
    }
    if (connection !== undefined) retire(connection)
    connection = opened
    failures = 0
    if (!isBlind) return
    isBlind = false
    watchers.gap()
  }

  /** One attempt at a time; who comes while one is under way looks afterwards whether it was enough. */
  function armOnce(limit = most): Promise<void> {
    if (arming !== undefined) return arming
    const attempt = arm(limit).finally(() => {
      if (arming === attempt) arming = undefined
    })
    arming = attempt
    return attempt
  }

  function rearm(): void {
    if (claims.size > 0 && connection === undefined) armOnce().catch(() => {})
  }

  function lost(which: TrackingConnection): void {
    if (which !== connection) return
    connection = undefined
    isBlind = true
    watchers.gap()
    rearm()
  }

  /** Lets a connection go that was replaced, when what it still has to tell was heard. */
  function retire(old: TrackingConnection): void {
    retired.add(old)
    const late = setTimeout(old.close, heartbeat)
    old
      .flushed()
      .catch(events.gap)
      .finally(() => {
        clearTimeout(late)
        old.close()
        retired.delete(old)
      })
  }

  function beat(): void {
    if (connection === undefined) {
      if (isBlind) watchers.gap()
      return
    }
    connection.beat()
    narrow()
  }

  /** Gives up prefixes that nobody watches any more. */
  function narrow(): void {
    if (!hasSurplus || arming !== undefined || connection === undefined) return
    hasSurplus = false
    const enough = wanted(mostAgain)
    if (connection.prefixes.every((prefix) => isCovered(prefix, enough))) return
    armOnce(mostAgain).catch(() => {
      hasSurplus = true
    })
  }

  async function armed(prefix: string): Promise<void> {
    while (!isClosed) {
      const current = connection
      if (current?.isAlive() !== true || !isCovered(prefix, current.prefixes)) await armOnce()
      // What was changed before this call is reported to those who watched before it.
      else if (await isFlushed(current)) return
    }
    throw new TransientError('closed', { operation: 'watch' })
  }

  function release(claim: { readonly prefix: string }): void {
    if (!claims.delete(claim)) return
    if (claims.size === 0) stop()
    else hasSurplus = true
  }

  function stop(): void {
    clearInterval(pulse)
    clearTimeout(retry)
    connection?.close()
    next?.close()
    for (const old of retired) old.close()
    pulse = connection = next = arming = undefined
    failures = 0
    isBlind = hasSurplus = false
  }

  return {
    async watch(prefix, listener) {
      const claim = { prefix }
      claims.add(claim)
      pulse ??= setInterval(beat, heartbeat).unref()
      try {
        await armed(prefix)
      } catch (error) {
        release(claim)
        throw isClosed ? new TransientError('closed', { operation: 'watch' }) : error
      }
      const end = watchers.add(prefix, listener)
      return {
        async [Symbol.asyncDispose]() {
          end()
          release(claim)
        },
      }
    },

    close() {
      isClosed = true
      claims.clear()
      watchers.clear()
      stop()
    },
  }
}

function isFlushed(connection: TrackingConnection): Promise<boolean> {
  return connection.flushed().then(
    () => true,
    () => false,
  )
}
