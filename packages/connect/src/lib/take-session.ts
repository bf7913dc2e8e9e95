import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Codec, type Duration, json, withDeadline, withPrefix } from '@transient/core'
import { misuse, type TransientStore } from '@transient/core/store'
import { withoutKey } from './answer.ts'
import { reportCorrupt } from './connect-events.ts'
import { decodeSession } from './stored-session.ts'

/** Options of {@link takeSession}. */
export interface TakeSessionOptions {
  /** What the old middleware signs its cookies with: its `secret`. Several if it has several. */
  readonly secrets: string | readonly string[]
  /** The name of the old cookie. Default `'connect.sid'`, that of express-session; @fastify/session has `'sessionId'`. */
  readonly cookieName?: string | undefined
  /** In front of the ids. Default `'sess:'`. */
  readonly prefix?: string | undefined
  /** How the sessions are stored. Default: JSON. */
  readonly codec?: Codec<unknown> | undefined
  /** How long the store may take. Default `'250ms'`. */
  readonly deadline?: Duration | undefined
}

/** Values of one name that are looked at: more than a browser sends, and few enough to check. */
const mostValues = 8

/**
 * The fields of the session that a cookie of express-session or @fastify/session leads to, taken out of the store: of requests at the same moment one gets
 * them, and the old cookie leads nowhere afterwards. `undefined` without such a cookie, if its signature is wrong (which costs no command), and if the
 * session is absent, expired or damaged. Rejects with the store's error; the session is then still there, unless the answer was lost.
 *
 * For the day when an application changes its session middleware: give the fields to the new session, and its visitors stay logged in.
 *
 * ```ts
 * import { takeSession } from '@transient/connect'
 * import { createMemoryStore } from '@transient/memory'
 *
 * const cookie = 's%3A2WZ…' // request.headers.cookie
 * const old = await takeSession<{ user: string }>(createMemoryStore(), cookie, { secrets: 'the old secret' })
 * console.log(old?.user) // undefined: nobody is logged in here
 * ```
 */
export async function takeSession<Fields extends object = Record<string, unknown>>(
  store: TransientStore,
  cookieHeader: string | undefined,
  options: TakeSessionOptions,
): Promise<Partial<Fields> | undefined> {
  const { cookieName = 'connect.sid', prefix = 'sess:', codec = json, deadline = '250ms' } = options
  const secrets = [options.secrets].flat()
  if (secrets.length === 0 || !secrets.every((secret) => typeof secret === 'string' && secret !== ''))
    throw misuse(new TypeError('secrets must be the texts that the old cookies are signed with'))
  const sid = signedId(cookieHeader, cookieName, secrets)
  if (sid === undefined) return undefined
  const bytes = await withPrefix(withDeadline(store, deadline), prefix)
    .take(sid)
    .catch((error: unknown) => {
      throw withoutKey(error)
    })
  if (bytes === undefined) return undefined
  try {
    const { cookie: _, ...fields } = decodeSession(codec, bytes, sid)
    return fields as Partial<Fields>
  } catch {
    reportCorrupt(sid)
    return undefined
  }
}

/** The first id in the header that one of the secrets has signed. */
function signedId(header: string | undefined, name: string, secrets: readonly string[]): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .slice(0, mostValues)
  for (const value of values) {
    const [, sid = '', signature = ''] = /^(?:s:)?(.+)\.([^.]+)$/s.exec(decoded(value.slice(name.length + 1))) ?? []
    if (sid !== '' && secrets.some((secret) => isSignature(signature, sid, secret))) return sid
  }
  return undefined
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return ''
  }
}

/** As cookie-signature and @fastify/cookie sign: an HMAC-SHA256 in base64, without its padding. */
function isSignature(given: string, sid: string, secret: string): boolean {
  const expected = Buffer.from(createHmac('sha256', secret).update(sid).digest('base64').replace(/=+$/, ''))
  const actual = Buffer.from(given)
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}
