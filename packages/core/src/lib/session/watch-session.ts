import { parseDuration } from '../store/duration.ts'
import { isTransientError } from '../store/errors.ts'
import { isWatchable, type Milliseconds, type TransientStore } from '../store/transient-store.ts'
import { findSession, lifeLeft } from './find-session.ts'
import { endOf } from './read-session.ts'
import type { Session, SessionEnd } from './session.ts'
import type { SessionContext } from './session-context.ts'
import type { SessionEndListener, SessionWatchOptions } from './user-sessions.ts'

/** What a timer can wait for. */
const longestInterval: Milliseconds = 2 ** 31 - 1

interface Subscription {
  readonly key: string
  readonly end: AsyncDisposable
}

/** Looks after one session: on every change where the store tells of them, and from time to time. */
export async function watchSession(
  context: SessionContext,
  store: TransientStore,
  prefix: string,
  session: Pick<Session, 'token' | 'endedBecause'>,
  onEnd: SessionEndListener,
  { every = '10s', touch = true, signal }: SessionWatchOptions = {},
): Promise<AsyncDisposable> {
  const { keyspace, ring, grace, now } = context
  // A renewal can be followed for its grace window only.
  const interval = Math.min(parseDuration(every, 'every'), Math.ceil(grace / 2), longestInterval)
  const verdict = session.token === undefined ? undefined : ring.verify(session.token)
  const found = typeof verdict === 'object' ? verdict : undefined
  let key = found?.key
  // How long it lives: as the token says, and once it was read as it says itself, which a renewal may have changed.
  let lifetime: { idle: Milliseconds; ends: Milliseconds } | undefined = found?.token
  let subscription: Subscription | undefined
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let isOutdated = false
  /** The store has refused to tell of changes. */
  let isUntold = false
  let isOver = false

  /** Why the session has ended, if it has; rejects if the store cannot be read. */
  async function reasonToEnd(isTouching: boolean): Promise<SessionEnd | undefined> {
    if (key === undefined || lifetime === undefined) return session.endedBecause ?? 'expired'
    const time = now()
    const life = lifeLeft(lifetime, time)
    if (life <= 0) return 'expired'
    const finding = await findSession(keyspace, key, time, { touch: isTouching ? life : undefined })
    if (finding.state !== 'found') return finding.state
    const { record } = finding.snapshot
    key = finding.snapshot.key
    lifetime = { idle: record.idle, ends: endOf(context, record) }
    return lifetime.ends <= time ? 'expired' : undefined
  }

  /** Listens where the session is now; `true` if it did not before, so that what changed meanwhile has to be looked at. */
  async function listen(): Promise<boolean> {
    if (key === undefined || subscription?.key === key || isUntold || !isWatchable(store)) return false
    const before = subscription
    try {
      const end = await store.watch(prefix + key, () => look())
      // Stopped meanwhile, when there was nothing to end yet.
      if (isOver) {
        await end[Symbol.asyncDispose]()
        return false
      }
      subscription = { key, end }
    } catch (error) {
      // A cluster, or a user who may not: then the interval has to do.
      isUntold = isTransientError(error) && (error.code === 'unsupported' || error.code === 'denied')
      if (!isUntold) throw error
    }
    await before?.end[Symbol.asyncDispose]()
    return !isUntold
  }

  async function lookUntilQuiet(isToTouch: boolean): Promise<void> {
    // Some stores tell of a touch as of a change, and that must not cause the next one.
    let isTouching = isToTouch
    do {
      isOutdated = false
      const reason = await reasonToEnd(isTouching)
      isTouching = false
      if (isOver) return
      if (reason !== undefined) {
        await stop()
        return onEnd(reason)
      }
      if (await listen()) isOutdated = true
    } while (isOutdated && !isOver)
  }

  function look(isTouching = false): void {
    isOutdated = true
    if (isOver || looking !== undefined) return
    looking = Promise.resolve()
      .then(() => lookUntilQuiet(isTouching))
      // A store that cannot be read is no end; it is looked at again.
      .catch((error: unknown) => {
        if (!isTransientError(error)) throw error
      })
      .finally(() => {
        looking = undefined
        schedule()
      })
  }

  function schedule(): void {
    clearTimeout(timer)
    if (!isOver) timer = setTimeout(look, interval, touch).unref()
  }

  async function stop(): Promise<void> {
    isOver = true
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    await subscription?.end[Symbol.asyncDispose]()
  }

  try {
    if (signal?.aborted) isOver = true
    else {
      signal?.addEventListener('abort', stop)
      await lookUntilQuiet(touch)
    }
  } catch (error) {
    await stop()
    throw error
  }
  schedule()
  return { [Symbol.asyncDispose]: stop }
}
