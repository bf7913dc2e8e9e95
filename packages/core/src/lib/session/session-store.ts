import type { Codec } from '../codec/codec.ts'
import type { StandardSchemaV1 } from '../schema/standard-schema.ts'
import { checkKey, misuse } from '../store/checks.ts'
import { type Duration, parseDuration } from '../store/duration.ts'
import type { Milliseconds, TransientStore } from '../store/transient-store.ts'
import { listSessions, revokeSessions } from './list-sessions.ts'
import { openSession } from './open-session.ts'
import { createRecordCodec } from './record-codec.ts'
import type { OpenOptions, Session } from './session.ts'
import type { SessionContext } from './session-context.ts'
import { createSessionKeyspace } from './session-keyspace.ts'
import { checkTimeouts } from './session-lifetime.ts'
import type { Migrate } from './session-migration.ts'
import { createFieldValidator } from './session-schema.ts'
import { createSessionWriter } from './session-writer.ts'
import { createKeyRing } from './token.ts'
import { createTouchMemory } from './touch-memory.ts'
import { createUserIndexes } from './user-index.ts'
import type {
  RevokeOptions,
  SessionEndListener,
  SessionWatchOptions,
  UserSession,
  UserSessionsOptions,
} from './user-sessions.ts'
import { watchSession } from './watch-session.ts'

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
  /** A session ends this long after it began, whatever happens. At most 100 years. Default `'12h'`. */
  readonly absoluteTimeout?: Duration
  /**
   * A session that this process read less than this long ago is read without beginning its idle time anew: for stores where a write on
   * each read is unwelcome. It may then end this much earlier. Less than `idleTimeout`; for a session with a shorter idle time
   * of its own it is half of that. Default: none, each read does.
   */
  readonly touchAfter?: Duration
  /** How many sessions a user may have; a login beyond that ends the one that was seen least recently. Default 100. */
  readonly maxSessionsPerUser?: number
  /** In front of the keys in the store. Default `'session:'`. */
  readonly prefix?: string
  /** How long requests in flight with the old id reach a renewed session. Default `'10s'`. */
  readonly renewGrace?: Duration
  /** How long a call of the store may take, and a write in all its tries; then it rejects. Default `'250ms'`. */
  readonly deadline?: Duration
  /**
   * The version of the data this application writes. Older data goes through {@link SessionStoreOptions.migrate} when it is read, and is stored in its new form with the next write. Newer
   * data, of a release that came and went, is `unreadable` and left untouched, so in a rolling deploy the old release serves visitors of the new one as anonymous.
   * Default 0.
   */
  readonly version?: number
  /**
   * Makes of older data what this version has. Synchronous and without side effects: it is called on every read until the session is written. Sees neither flash messages nor fields whose
   * own end is past; a field that it renames has no end of its own any more. If it throws, the session is `unreadable` and left untouched, and
   * `transient:session:invalid` tells why. Default: older data is taken as it is.
   */
  readonly migrate?: Migrate
  /**
   * Writes and reads all that is stored of a session, as one text: `encrypted(utf8, keys)`, for instance. What it cannot decode for want of a key is `unreadable` and left untouched, as
   * is what was stored without it; anything else that it cannot decode is `corrupt`. So change it, or begin to use one, together with `prefix`; a new key
   * needs no such thing. In a codec of your own, `decode` throws a `TransientError` with code `decode` for bytes that it cannot have written; any other error of it rejects the read,
   * and nothing is replaced. Default: plain text.
   */
  readonly codec?: Codec<unknown>
  /** The time in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => Milliseconds
}

/** The option of {@link createSessionStore} from which the type of the data follows. */
export interface SessionSchemaOption<Data extends object> {
  /**
   * Says what fields may hold, and how they are to be seen; any validator of the [Standard Schema](https://standardschema.dev), as zod, valibot and arktype
   * make them. It is asked when a session is read, not when it is written. A field that it refuses is absent, and stays in the store as it is until
   * the application sets or deletes it; `transient:session:invalid` tells of it. If it refuses the data as a whole, that holds for all fields. What it makes of the
   * stored values, defaults included, is what {@link Session.data} shows, and is no change by itself.
   *
   * That a field is absent is never wrong, as no session has all of them from the beginning. But a schema that requires it has no output to give then, and the fields that
   * are there are shown as they are stored: in one that transforms, make all fields optional, or give them defaults. Has to be synchronous: a promise is a
   * `TypeError`. Default: none.
   */
  readonly schema?: StandardSchemaV1<unknown, { [Field in keyof Data]?: Data[Field] | undefined }>
}

/**
 * Sessions of visitors, over any {@link TransientStore}. A visitor is known by a token, a signed text that a cookie carries.
 */
export interface SessionStore<Data extends object = Record<string, unknown>, Message = string> {
  /** The session of a token, without any I/O: `load()` reads it. Without a token, or with one that is not ours: a new visitor's. */
  open(token?: string, options?: OpenOptions): Session<Data, Message>
  /** {@link open} and `load()` in one. */
  load(token?: string): Promise<Session<Data, Message>>

  /**
   * The live sessions of a user, the last seen first. Two round trips, and one or two more where a session has ended that has to leave the list. An unknown
   * user has none.
   */
  ofUser(userId: string, options?: UserSessionsOptions): Promise<UserSession[]>

  /**
   * Ends sessions of a user: all, all but one, or one. Every session whose `login()` had resolved before the call is dead when this resolves, whatever
   * it is doing at that moment; of one that logs in meanwhile nothing is said. Three round trips, if nobody logs in meanwhile. Their visitors are told
   * `revoked`. An unknown user or handle is nothing to end. Rejects with the store's error if it could not be done; some may be ended then, and it can be
   * called again. Needs a store that does not evict: a list that was evicted cannot be ended.
   */
  revoke(userId: string, options?: RevokeOptions): Promise<void>

  /**
   * Looks after a session for as long as a connection is open: calls `onEnd` once, with the reason, when the session has ended: at once where the store
   * tells of changes (memory), else within `every`. A store that cannot be read is no end. Renewals are followed. Disposing it, or the
   * signal, ends the watch. Rejects as `load()` does; of a visitor without a session `onEnd` is called before it resolves.
   */
  watch(
    session: Session<Data, Message>,
    onEnd: SessionEndListener,
    options?: SessionWatchOptions,
  ): Promise<AsyncDisposable>
}

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
export function createSessionStore<Data extends object = Record<string, unknown>, Message = string>(
  store: TransientStore,
  options: SessionStoreOptions & SessionSchemaOption<Data>,
): SessionStore<Data, Message> {
  const idle = parseDuration(options.idleTimeout ?? '30m', 'idleTimeout')
  const absolute = parseDuration(options.absoluteTimeout ?? '12h', 'absoluteTimeout')
  const grace = parseDuration(options.renewGrace ?? '10s', 'renewGrace')
  const deadline = parseDuration(options.deadline ?? '250ms', 'deadline')
  const touchAfter = options.touchAfter === undefined ? undefined : parseDuration(options.touchAfter, 'touchAfter')
  const { prefix = 'session:', maxSessionsPerUser = 100 } = options
  checkKey(prefix)
  checkTimeouts(idle, absolute)
  if (grace > absolute) throw misuse(new RangeError('renewGrace must not be longer than absoluteTimeout'))
  if (touchAfter !== undefined && touchAfter >= idle)
    throw misuse(new RangeError('touchAfter must be shorter than idleTimeout'))
  if (!Number.isSafeInteger(maxSessionsPerUser) || maxSessionsPerUser < 1)
    throw misuse(new RangeError('maxSessionsPerUser must be a whole number from 1'))

  const clock = options.now ?? Date.now
  if (typeof clock !== 'function') throw misuse(new TypeError('now must be a function'))
  const now = () => Math.floor(clock())
  const { schema, codec, version, migrate } = options
  const records = createRecordCodec({ codec, version, migrate, now })
  const keyspace = createSessionKeyspace(store, prefix, deadline, records)
  const context: SessionContext = {
    keyspace,
    ring: createKeyRing(options.secrets),
    writer: createSessionWriter(keyspace, now),
    users: createUserIndexes(keyspace, now, deadline),
    validate: schema === undefined ? undefined : createFieldValidator(schema),
    touchIsDue: createTouchMemory(touchAfter),
    idle,
    absolute,
    grace,
    deadline,
    mostSessionsPerUser: maxSessionsPerUser,
    now,
  }
  const open = (token?: string, how?: OpenOptions) => openSession<Data, Message>(context, token, how)
  return {
    open,
    load: async (token) => {
      const session = open(token)
      await session.load()
      return session
    },
    ofUser: (userId, of) => listSessions(context, userId, of),
    revoke: (userId, which) => revokeSessions(context, userId, which),
    watch: (session, onEnd, how) => watchSession(context, store, prefix, session, onEnd, how),
  }
}
