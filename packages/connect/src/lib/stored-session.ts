import type { Codec } from '@transient/core'
import { TransientError } from '@transient/core/store'

/** A session as it is stored: the cookie's attributes and the application's fields, the same JSON that connect-redis writes. */
export interface StoredSession extends Record<string, unknown> {
  readonly cookie: Record<string | symbol, unknown>
}

/** Bytes as a session, or a `decode` error: also for what is JSON but no session, which would be an error in the middleware for ever. */
export function decodeSession(codec: Codec<unknown>, bytes: Uint8Array, key: string): StoredSession {
  const session = codec.decode(bytes)
  if (!isRecord(session) || !isRecord(session['cookie']))
    throw new TransientError('decode', { operation: 'get', key, message: 'the value is no session' })
  // JSON gives it as an ordinary field. @fastify/session copies fields by assignment, which would change a prototype.
  delete session['__proto__']
  return session as StoredSession
}

/**
 * What `mine` changed since it was `base`, laid on `newest`, field by field: fields that others changed meanwhile stay changed, and of a field that
 * both changed mine wins. The cookie is always mine: it says when this request saw the session.
 */
export function mergeSessions(newest: StoredSession, base: StoredSession, mine: StoredSession): StoredSession {
  const fields = new Map(Object.entries(newest))
  for (const field of changedFields(base, mine)) {
    if (Object.hasOwn(mine, field)) fields.set(field, mine[field])
    else fields.delete(field)
  }
  fields.set('cookie', mine.cookie)
  // The cookie comes first, as everybody writes it.
  return { cookie: mine.cookie, ...Object.fromEntries(fields) }
}

/** The fields that differ, the cookie left aside. */
export function changedFields(base: StoredSession, mine: StoredSession): string[] {
  const fields = new Set([...Object.keys(base), ...Object.keys(mine)])
  fields.delete('cookie')
  return [...fields].filter((field) => JSON.stringify(base[field]) !== JSON.stringify(mine[field]))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
