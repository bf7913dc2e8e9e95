import { misuse } from '@transient/core/store'
import type { RequestReader } from './request-reader.ts'

/** Which pages may send requests that change something, or open a connection. */
export interface OriginOptions {
  /**
   * The origin of this site, `'https://shop.example'`, where the server cannot know it. Default: what the `Host` header says (behind a
   * trusted proxy, `X-Forwarded-Host`), and `https` where the request came by https.
   */
  readonly origin?: string | undefined
  /** Origins of other sites that may, too. Their visitors need the cookie to get here (`sameSite: 'none'`), and the token if one is asked for. Default: none. */
  readonly trustedOrigins?: readonly string[] | undefined
}

/** What is wrong with where a request comes from. */
export type OriginProblem = 'cross-site' | 'foreign-origin'

/**
 * Makes the check of what browsers say about where a request comes from. `Sec-Fetch-Site` other than `same-origin` and `none`, and an
 * `Origin` that is not ours (`null` included) are a problem unless the origin is trusted. Neither header is there: no browser of the last
 * years, and no problem here. https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function createOriginCheck<Request>(
  { origin: own, trustedOrigins = [] }: OriginOptions,
  reader: RequestReader<Request>,
): (request: Request) => OriginProblem | undefined {
  if (own !== undefined) checkOrigin(own, 'origin')
  if (!Array.isArray(trustedOrigins)) throw misuse(new TypeError('trustedOrigins must be an array of origins'))
  for (const one of trustedOrigins as unknown[]) checkOrigin(one, 'an origin to trust')
  const trusted = new Set(trustedOrigins)

  return (request) => {
    const origin = reader.header(request, 'origin') ?? undefined
    if (origin !== undefined && trusted.has(origin)) return undefined
    const site = reader.header(request, 'sec-fetch-site') ?? undefined
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'cross-site'
    if (origin === undefined) return undefined
    const isOwn = own === undefined ? isOfHost(origin, reader.host(request), reader.isSecure(request)) : origin === own
    return isOwn ? undefined : 'foreign-origin'
  }
}

function isOfHost(origin: string, host: string | null | undefined, isSecure: boolean): boolean {
  const theirs = parse(origin)
  if (theirs === undefined || theirs.origin !== origin || !host) return false
  // A page that came by plain http is anybody's on the way. That this request did may be a proxy's doing.
  if (isSecure && theirs.protocol !== 'https:') return false
  return parse(`${theirs.protocol}//${host}`)?.host === theirs.host
}

function checkOrigin(text: unknown, name: string): void {
  const url = typeof text === 'string' ? parse(text) : undefined
  if (url !== undefined && url.origin === text && /^https?:$/.test(url.protocol)) return
  throw misuse(new TypeError(`${name} must be one like 'https://shop.example', not ${JSON.stringify(text)}`))
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
