import { checkKey, misuse } from '../store/checks.ts'
import { type Duration, parseDuration } from '../store/duration.ts'
import type { Milliseconds, TransientStore } from '../store/transient-store.ts'
import { openSession } from './open-session.ts'
import type { Session } from './session.ts'
import { createSessionKeyspace } from './session-keyspace.ts'
import { createSessionWriter } from './session-writer.ts'
import { createKeyRing } from './token.ts'

/** Options of {@link createSessionStore}. */
export interface SessionStoreOptions {
  /**
   * Signs the tokens. Each at least 32 characters. The first signs, all verify: to change the secret, put the new one first
   * and keep the old one until the sessions signed by it have ended. Where several processes share the sessions, give all of them the new
   * one behind the old one before any of them signs with it.
   */
  readonly secrets: string | readonly string[]
  /** A session that nobody reads for this long ends. Default `'30m'`. */
  readonly idleTimeout?: Duration
  /** A session ends this long after it began, whatever happens. At most 400 days. Default `'12h'`. */
  readonly absoluteTimeout?: Duration
  /** In front of the keys in the store. Default `'session:'`. */
  readonly prefix?: string
  /** How long requests in flight with the old id reach a renewed session. Default `'10s'`. */
  readonly renewGrace?: Duration
  /** How long a call of the store may take, and a write in all its tries; then it rejects. Default `'250ms'`. */
  readonly deadline?: Duration
  /** The time in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => Milliseconds
}

/**
 * Sessions of visitors, over any {@link TransientStore}. A visitor is known by a token, a signed text that a cookie carries.
 */
export interface SessionStore<Data extends object = Record<string, unknown>> {
  /** The session of a token, without any I/O: `load()` reads it. Without a token, or with one that is not ours: a new visitor's. */
  open(token?: string): Session<Data>
  /** {@link open} and `load()` in one. */
  load(token?: string): Promise<Session<Data>>
}

// The longest life that browsers give a cookie:
// https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.5
const longestLife = 400 * 86_400_000

/**
 * Sessions over a store. A read costs one command, a write one more, a visitor without a session none. Impossible options are a `TypeError` or
 * `RangeError` here, not at the first request.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { createMemoryStore } from '@transient/memory'
 *
 * const sessions = createSessionStore<{ cart: string[] }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const session = await sessions.load()
 * session.data.cart = ['apple']
 * await session.commit()
 * session.token // what the visitor's cookie carries
 * ```
 */
export function createSessionStore<Data extends object = Record<string, unknown>>(
  store: TransientStore,
  options: SessionStoreOptions,
): SessionStore<Data> {
  const idle = parseDuration(options.idleTimeout ?? '30m', 'idleTimeout')
  const absolute = parseDuration(options.absoluteTimeout ?? '12h', 'absoluteTimeout')
  const grace = parseDuration(options.renewGrace ?? '10s', 'renewGrace')
  const deadline = parseDuration(options.deadline ?? '250ms', 'deadline')
  const prefix = options.prefix ?? 'session:'
  checkKey(prefix)
  if (absolute > longestLife) throw misuse(new RangeError('absoluteTimeout must be at most 400 days'))
  if (idle > absolute) throw misuse(new RangeError('idleTimeout must not be longer than absoluteTimeout'))
  if (grace > absolute) throw misuse(new RangeError('renewGrace must not be longer than absoluteTimeout'))

  const clock = options.now ?? Date.now
  const now = () => Math.floor(clock())
  const keyspace = createSessionKeyspace(store, prefix, deadline)
  const context = {
    keyspace,
    ring: createKeyRing(options.secrets),
    writer: createSessionWriter(keyspace, now),
    idle,
    absolute,
    grace,
    deadline,
    now,
  }
  const open = (token?: string) => openSession<Data>(context, token)
  return {
    open,
    load: async (token) => {
      const session = open(token)
      await session.load()
      return session
    },
  }
}
