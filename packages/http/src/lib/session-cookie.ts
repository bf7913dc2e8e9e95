import { misuse } from '@transient/core/store'
import { serialize } from 'cookie'

/** What the session's cookie is called and where the browser sends it. The defaults are the safe ones. */
export interface SessionCookieOptions {
  /** Default: `__Host-sid`; with `secure: false` it is `sid`, because browsers take the prefix only on https. */
  readonly name?: string | undefined
  /**
   * Only over https. Default: `true`. `false` is for plain http in development. `'auto'`: as the request came, so that one server can be
   * reached both ways; what comes by https gets and accepts the cookie with the prefix alone, and what comes by plain http the same name without it.
   */
  readonly secure?: boolean | 'auto' | undefined
  /** Out of reach of the page's scripts. Default: `true`. */
  readonly httpOnly?: boolean | undefined
  /** Default: `'lax'`. `'none'` needs `secure`. */
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined
  /** Default: `'/'`. */
  readonly path?: string | undefined
  /** Also for the subdomains of this one. Default: none, this host alone. The name must not begin with `__Host-` then. */
  readonly domain?: string | undefined
  /**
   * Keeps the cookie when the browser closes: its Max-Age is the session's absolute end, at most 400 days. What was said of one session by
   * `session.setLifetime` goes before it. Default: `false`, a cookie without Max-Age.
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
  /** The `Set-Cookie` line that hands out a token; `expiresAt` in milliseconds since 1970; `isPersistent` if this session has its own rule. */
  issue(token: string, expiresAt: number | undefined, isPersistent?: boolean): string
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
  secure: (value) => value === 'auto' || isBoolean(value),
  httpOnly: isBoolean,
  sameSite: (value) => value === 'strict' || value === 'lax' || value === 'none',
  path: (value) => typeof value === 'string' && pathPattern.test(value),
  domain: (value) => typeof value === 'string' && domainPattern.test(value),
  persistent: isBoolean,
  partitioned: isBoolean,
  priority: (value) => value === 'low' || value === 'medium' || value === 'high',
}

/** The cookie of a request. `isSecure` is asked only where the options leave it to the request. */
export type CookieChoice = <Request>(request: Request, isSecure: (request: Request) => boolean) => SessionCookie

/** Checks the options once; what no browser would accept is a `TypeError` here and not a lost session later. */
export function chooseCookie(options: SessionCookieOptions = {}): CookieChoice {
  checkOptions(options)
  if (options.secure !== 'auto') {
    const cookie = createSessionCookie(options)
    return () => cookie
  }
  const { name = '__Host-sid' } = options
  // Whoever sits on a plain http connection could plant a cookie that https would take for its own.
  // https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-8.6
  const prefix = prefixOf(name)
  if (prefix === undefined) refuse(`secure 'auto' needs a name that begins with __Host- or __Secure-, not ${name}`)
  const bare = name.slice(prefix.length)
  if (bare === '') refuse(`a cookie named ${name} has no name left on plain http`)
  if (options.sameSite === 'none' || options.partitioned)
    refuse("sameSite 'none' and partitioned need secure: true, browsers drop the cookie on plain http")
  const secure = createSessionCookie({ ...options, name, secure: true })
  const plain = createSessionCookie({ ...options, name: bare, secure: false })
  return (request, isSecure) => (isSecure(request) ? secure : plain)
}

/** One cookie, the same for all requests. */
function createSessionCookie(options: SessionCookieOptions): SessionCookie {
  const { httpOnly = true, sameSite = 'lax', path = '/', domain, persistent, partitioned, priority } = options
  const secure = options.secure !== false
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
    issue: (token, expiresAt, isPersistent = persistent) =>
      serialize(name, token, isPersistent ? { ...attributes, maxAge: maxAge(expiresAt) } : attributes),
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
function checkPrefix(
  name: string,
  { secure, path, domain }: Pick<SessionCookieOptions, 'secure' | 'path' | 'domain'>,
): void {
  const prefix = prefixOf(name)
  if (prefix === undefined) return
  if (!secure) refuse(`a cookie named ${name} needs secure: true; without it choose a name without ${prefix}`)
  if (prefix.toLowerCase() === '__secure-') return
  if (domain !== undefined) refuse(`a cookie named ${name} takes no domain; name it '__Secure-sid' to have one`)
  if (path !== '/') refuse(`a cookie named ${name} needs path: '/'; name it '__Secure-sid' to have another`)
}

function prefixOf(name: string): string | undefined {
  return /^__(?:Host|Secure)-/i.exec(name)?.[0]
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
