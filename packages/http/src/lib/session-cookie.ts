import { misuse } from '@transient/core/store'
import { serialize } from 'cookie'

/** What the session's cookie is called and where the browser sends it. The defaults are the safe ones. */
export interface SessionCookieOptions {
  /** Default: `__Host-sid`; with `secure: false` it is `sid`, because browsers take the prefix only on https. */
  readonly name?: string | undefined
  /** Only over https. Default: `true`. `false` is for plain http in development. */
  readonly secure?: boolean | undefined
  /** Out of reach of the page's scripts. Default: `true`. */
  readonly httpOnly?: boolean | undefined
  /** Default: `'lax'`. `'none'` needs `secure`. */
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined
  /** Default: `'/'`. */
  readonly path?: string | undefined
  /** Also for the subdomains of this one. Default: none, this host alone. The name must not begin with `__Host-` then. */
  readonly domain?: string | undefined
  /**
   * Keeps the cookie when the browser closes: its Max-Age is the session's absolute end, at most 400 days.
   * Default: `false`, a cookie without Max-Age.
   */
  readonly persistent?: boolean | undefined
  /** A jar of its own for each site that embeds this one (CHIPS). Needs `secure`. Default: `false`. */
  readonly partitioned?: boolean | undefined
  /** Which cookies Chromium drops first when it has too many. Default: not said. */
  readonly priority?: 'low' | 'medium' | 'high' | undefined
}

/** Reads and writes one cookie. */
export interface SessionCookie {
  readonly name: string
  /** The values that a `Cookie` header has under the name, in its order: at most 8, each of at most 512 characters. */
  read(header: string | undefined): readonly string[]
  /** The `Set-Cookie` line that hands out a token; `expiresAt` in milliseconds since 1970. */
  issue(token: string, expiresAt: number | undefined): string
  /** The `Set-Cookie` line that makes the browser forget the token. */
  clear(): string
}

/** Tokens have about 140 characters. What is much longer is none, and is not worth a signature check. */
const longestValue = 512
/** Signature checks one request may cause, however often its header has the name. */
const mostValues = 8
// https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1 (a token), and its path-value and domain-value
const namePattern = /^[\w!#$%&'*+.^`|~-]+$/
const pathPattern = /^\/[\x20-\x3a\x3c-\x7e]*$/
const domainPattern = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i
// https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.5: browsers cap the life of cookies.
const longestLife = 400 * 24 * 60 * 60

const allowed: Record<keyof SessionCookieOptions, (value: unknown) => boolean> = {
  name: (value) => typeof value === 'string' && namePattern.test(value),
  secure: isBoolean,
  httpOnly: isBoolean,
  sameSite: (value) => value === 'strict' || value === 'lax' || value === 'none',
  path: (value) => typeof value === 'string' && pathPattern.test(value),
  domain: (value) => typeof value === 'string' && domainPattern.test(value),
  persistent: isBoolean,
  partitioned: isBoolean,
  priority: (value) => value === 'low' || value === 'medium' || value === 'high',
}

/** Checks the options once; what no browser would accept is a `TypeError` here and not a lost session later. */
export function createSessionCookie(options: SessionCookieOptions = {}): SessionCookie {
  checkOptions(options)
  const {
    secure = true,
    httpOnly = true,
    sameSite = 'lax',
    path = '/',
    domain,
    persistent,
    partitioned,
    priority,
  } = options
  const name = options.name ?? (secure ? '__Host-sid' : 'sid')
  checkPrefix(name, { secure, path, domain })
  if (sameSite === 'none' && !secure) refuse("sameSite 'none' needs secure: true, browsers drop the cookie otherwise")
  if (partitioned && !secure) refuse('partitioned needs secure: true, browsers drop the cookie otherwise')

  const attributes = {
    path,
    secure,
    httpOnly,
    sameSite,
    // Tokens consist of characters that a cookie may have as they are.
    encode: String,
    ...(domain !== undefined && { domain }),
    ...(partitioned && { partitioned }),
    ...(priority !== undefined && { priority }),
  }
  const cleared = serialize(name, '', { ...attributes, maxAge: 0, expires: new Date(0) })

  return {
    name,
    read: (header) =>
      valuesOf(header, name)
        .filter((value) => value.length <= longestValue)
        .slice(0, mostValues),
    issue: (token, expiresAt) =>
      serialize(name, token, persistent ? { ...attributes, maxAge: maxAge(expiresAt) } : attributes),
    clear: () => cleared,
  }
}

function checkOptions(options: SessionCookieOptions): void {
  for (const [key, value] of Object.entries(options)) {
    const allows = Object.hasOwn(allowed, key) ? allowed[key as keyof SessionCookieOptions] : undefined
    if (allows === undefined) refuse(`there is no cookie option ${JSON.stringify(key)}`)
    else if (value !== undefined && !allows(value)) refuse(`the cookie's ${key} cannot be ${JSON.stringify(value)}`)
  }
}

// https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3, compared as browsers do: in any case.
function checkPrefix(name: string, { secure, path, domain }: SessionCookieOptions): void {
  const prefix = /^__(?:Host|Secure)-/i.exec(name)?.[0]
  if (prefix === undefined) return
  if (!secure) refuse(`a cookie named ${name} needs secure: true; without it choose a name without ${prefix}`)
  if (prefix.toLowerCase() === '__secure-') return
  if (domain !== undefined) refuse(`a cookie named ${name} takes no domain; name it '__Secure-sid' to have one`)
  if (path !== '/') refuse(`a cookie named ${name} needs path: '/'; name it '__Secure-sid' to have another`)
}

/** In the header's order: browsers put the longer path, then the older cookie, first. */
function valuesOf(header: string | undefined, name: string): string[] {
  const values: string[] = []
  if (header === undefined) return values
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    const equals = at + name.length
    if (header[equals] !== '=' || !startsPair(header, at)) continue
    const end = header.indexOf(';', equals)
    values.push(header.slice(equals + 1, end === -1 ? undefined : end).trim())
  }
  return values
}

/** Whether a pair begins at this place: before it there are but spaces since the last semicolon. */
function startsPair(header: string, at: number): boolean {
  let before = at - 1
  while (header[before] === ' ' || header[before] === '\t') before--
  return before < 0 || header[before] === ';'
}

function maxAge(expiresAt = Number.POSITIVE_INFINITY): number {
  const left = Math.floor((expiresAt - Date.now()) / 1000)
  // 0 would clear what is being set.
  return Math.min(Math.max(left, 1), longestLife)
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}

function refuse(reason: string): never {
  throw misuse(new TypeError(reason))
}
