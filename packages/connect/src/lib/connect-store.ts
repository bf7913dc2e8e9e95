import { EventEmitter } from 'node:events'
import {
  type Codec,
  type Duration,
  isInspectable,
  json,
  parseDuration,
  withDeadline,
  withPrefix,
} from '@transient/core'
import { type Milliseconds, misuse, TransientError, type TransientStore } from '@transient/core/store'
import { answer, type Callback } from './answer.ts'
import { reportCorrupt } from './connect-events.ts'
import { createExpressSessions, type ExpressRequest, type Generate } from './express-sessions.ts'
import { createKnownSessions, markOf } from './known-sessions.ts'
import { createSessionWriter } from './session-writer.ts'
import type { ConnectStore } from './store-protocol.ts'
import { decodeSession, type StoredSession } from './stored-session.ts'

/** How many sessions `all` reads at once. */
const batch = 100

/** Options of {@link createConnectStore}. */
export interface ConnectStoreOptions {
  /** In front of the ids. Default `'sess:'`, that of connect-redis. */
  readonly prefix?: string | undefined
  /**
   * How long a session lives after it was saved or touched last, if its cookie has no end of its own (`maxAge`, `expires`). A function decides for
   * every session, whatever its cookie says. Default `'1d'`.
   */
  readonly ttl?: Duration | ((session: object) => Duration) | undefined
  /** `true`: a request that only reads does not put the end of its session off, which saves a write. Default `false`. */
  readonly disableTouch?: boolean | undefined
  /** How long a call may take before it fails with `timeout`; at most 24 days. Default `'250ms'`. */
  readonly deadline?: Duration | undefined
  /** How sessions become bytes, for example `encrypted(json, keys)`. Default: JSON, as connect-redis writes it. */
  readonly codec?: Codec<unknown> | undefined
  /** The time in milliseconds since 1970, which ends of cookies are compared with. Default `Date.now`. */
  readonly now?: (() => Milliseconds) | undefined
}

/**
 * A store for express-session (1.18 or later) and @fastify/session (11) over any `TransientStore`. Under Redis it reads and writes what connect-redis does, under
 * the same keys, so sessions survive the change from one to the other and back. Impossible options are a `TypeError` or `RangeError` here.
 *
 * ```ts
 * import { createConnectStore } from '@transient/connect'
 * import { createMemoryStore } from '@transient/memory'
 * import express from 'express'
 * import session from 'express-session'
 *
 * const store = createConnectStore(createMemoryStore())
 * const app = express()
 * app.use(session({ store, secret: 'for development', resave: false, saveUninitialized: false }))
 * ```
 */
export function createConnectStore(store: TransientStore, options: ConnectStoreOptions = {}): ConnectStore {
  const { prefix = 'sess:', ttl = '1d', disableTouch = false, codec = json, now = Date.now } = options
  if (typeof (store as Partial<TransientStore> | undefined)?.compareAndSet !== 'function')
    throw misuse(
      new TypeError('createConnectStore needs a store, such as createMemoryStore() or createRedisStore(url)'),
    )
  const deadline = parseDuration(options.deadline ?? '250ms', 'deadline')
  const standardLife = typeof ttl === 'function' ? undefined : parseDuration(ttl, 'ttl')
  const sessions = withPrefix(withDeadline(store, deadline), prefix)
  const known = createKnownSessions()
  const writer = createSessionWriter(sessions, codec, deadline)
  const express = createExpressSessions((session, sid) =>
    known.adopt(session, { sid, base: undefined, stored: undefined }),
  )

  function lifeOf(session: object): Milliseconds {
    if (standardLife === undefined) return parseDuration((ttl as (session: object) => Duration)(session), 'ttl')
    const { expires, maxAge } = (session as Partial<StoredSession>).cookie ?? {}
    const end = expires instanceof Date || typeof expires === 'string' ? new Date(expires).getTime() : Number.NaN
    const left = Number.isNaN(end) ? maxAge : end - now()
    return typeof left === 'number' && !Number.isNaN(left) ? Math.ceil(left) : standardLife
  }

  async function get(sid: string): Promise<StoredSession | undefined> {
    const bytes = await sessions.get(sid)
    return bytes && read(sid, bytes)
  }

  function read(sid: string, bytes: Uint8Array): StoredSession | undefined {
    let session: StoredSession
    try {
      session = decodeSession(codec, bytes, sid)
    } catch {
      reportCorrupt(sid)
      return undefined
    }
    known.mark(session, { sid, base: bytes, stored: bytes })
    return session
  }

  async function set(sid: string, session: object): Promise<void> {
    const life = lifeOf(session)
    if (life <= 0) return destroy(sid)
    const bytes = codec.encode(session)
    const version = known.find(sid, session)
    await (version === undefined ? sessions.set(sid, bytes, life) : writer.write(version, bytes, life))
  }

  async function destroy(sid: string): Promise<void> {
    await sessions.delete(sid)
  }

  async function touch(sid: string, session: object): Promise<void> {
    if (disableTouch) return
    const life = lifeOf(session)
    await (life <= 0 ? sessions.delete(sid) : sessions.touch(sid, life))
  }

  async function ids(): Promise<string[]> {
    const found = new Set<string>()
    for await (const keys of listable('ids').scan('')) for (const key of keys) found.add(key)
    return [...found]
  }

  async function count(): Promise<number> {
    return (await ids()).length
  }

  async function all(): Promise<object[]> {
    const sids = await ids()
    const found: object[] = []
    for (let from = 0; from < sids.length; from += batch) {
      const some = sids.slice(from, from + batch)
      for (const [i, bytes] of (await sessions.getMany(some)).entries()) {
        const id = some[i] as string
        const session = bytes && read(id, bytes)
        if (session !== undefined) found.push(Object.assign(session, { id }))
      }
    }
    return found
  }

  async function clear(): Promise<void> {
    await listable('clear').flush()
  }

  function listable(operation: string) {
    if (isInspectable(sessions)) return sessions
    throw new TransientError('unsupported', { operation, message: 'the store cannot list its keys' })
  }

  async function load(sid: string): Promise<object | undefined> {
    const stored = await get(sid)
    return stored && createSession({ sessionID: sid, sessionStore: connect }, stored)
  }

  function createSession(request: ExpressRequest, stored: StoredSession): object {
    const version = markOf(stored.cookie)
    const session = express.create(request, stored)
    if (version !== undefined) known.adopt(session, version)
    return session
  }

  async function regenerate(request: ExpressRequest): Promise<void> {
    const { generate } = express
    if (generate === undefined) throw misuse(new TypeError('only express-session can regenerate a session'))
    // As express-session does it: the visitor gets a new session also if the old one could not be ended.
    await destroy(request.sessionID as string).finally(() => generate(request))
  }

  const connect = Object.assign(new EventEmitter(), {
    get: (sid: string, callback?: Callback<StoredSession>) => answer(get(sid), callback),
    set: (sid: string, session: object, callback?: Callback<void>) => answer(set(sid, session), callback),
    destroy: (sid: string, callback?: Callback<void>) => answer(destroy(sid), callback),
    touch: (sid: string, session: object, callback?: Callback<void>) => answer(touch(sid, session), callback),
    all: (callback?: Callback<object[]>) => answer(all(), callback),
    ids: (callback?: Callback<string[]>) => answer(ids(), callback),
    length: (callback?: Callback<number>) => answer(count(), callback),
    clear: (callback?: Callback<void>) => answer(clear(), callback),
    regenerate: (request: ExpressRequest, callback: Callback<void>) => answer(regenerate(request), callback),
    load: (sid: string, callback: Callback<object>) => answer(load(sid), callback),
    createSession,
  })
  // express-session assigns it; that is how its sessions become known here.
  Object.defineProperty(connect, 'generate', {
    get: () => express.generate,
    set: (generate: Generate) => {
      express.generate = generate
    },
  })
  // The compiler does not see that `generate` was defined just now.
  return connect as unknown as ConnectStore
}
