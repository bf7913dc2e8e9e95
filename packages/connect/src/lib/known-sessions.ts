import type { StoredSession } from './stored-session.ts'

// What a mark stands for. The mark itself shows nothing, whoever prints it.
const marks = new WeakMap<object, KnownSession>()

/** What this process knows of a session object in a program's hands. */
export interface KnownSession {
  readonly sid: string
  /** What the object held when it was loaded or saved last; `undefined` as long as it was never stored. */
  base: Uint8Array | undefined
  /** What was stored then: the same, and what others had changed. */
  stored: Uint8Array | undefined
}

/** Finds out which version of a session it is that the middleware saves. */
export interface KnownSessions {
  /** Remembers what was loaded, with the object that the middleware makes its own session of. */
  mark(session: StoredSession, known: KnownSession): void
  /** Remembers a session of express-session: one that it was made of, or else a new one. */
  adopt(session: object, known: KnownSession): void
  /** What is known of a session that is to be saved under `sid`. */
  find(sid: string, session: object): KnownSession | undefined
}

const mark = Symbol('transient.connect.loaded')

type Marked = { [mark]?: object }

/**
 * The protocol of session stores has no versions: `get` hands out an object, the middleware copies it, and `set` gets the copy. Three ways lead back:
 *
 * - express-session has its sessions made by the store (`createSession`, `generate`), so the copy itself is known.
 * - @fastify/session (11.1) spreads the attributes of the cookie, symbols included, into an object that its session keeps under a symbol.
 * - Who calls `get` and `set` by hand has the object that `get` gave, or at least its cookie.
 *
 * A session that is found by none of them is stored as connect-redis would store it, whatever is there.
 */
export function createKnownSessions(): KnownSessions {
  const adopted = new WeakMap<object, KnownSession>()
  return {
    mark: (session, known) => {
      // Enumerable, or it would not be spread. JSON leaves symbols out.
      const value = {}
      marks.set(value, known)
      adopted.set(session, known)
      Object.defineProperty(session.cookie, mark, { value, enumerable: true })
    },
    adopt: (session, known) => void adopted.set(session, known),
    find: (sid, session) => {
      const known = adopted.get(session) ?? markOf((session as Partial<StoredSession>).cookie) ?? spreadMarkOf(session)
      // A regenerated session has the options of its predecessor's cookie, and another id.
      return known?.sid === sid ? known : undefined
    },
  }
}

/** What is known by the mark on the cookie of a session that `get` gave. */
export function markOf(cookie: unknown): KnownSession | undefined {
  if (typeof cookie !== 'object' || cookie === null || !Object.hasOwn(cookie, mark)) return undefined
  const value = (cookie as Marked)[mark]
  return value && marks.get(value)
}

function spreadMarkOf(session: object): KnownSession | undefined {
  for (const symbol of Object.getOwnPropertySymbols(session)) {
    const known = markOf((session as Record<symbol, unknown>)[symbol])
    if (known !== undefined) return known
  }
  return undefined
}
