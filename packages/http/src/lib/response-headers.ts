import type { ServerResponse } from 'node:http'

type RawNames = ServerResponse & { getRawHeaderNames?(): string[] }

/** Remembers the headers and the status that earlier middleware has set, so that a dropped response leaves exactly that. */
export function rememberStart(response: ServerResponse): { restore(): void } {
  const { statusCode, statusMessage } = response
  // The names as they were written: every node:http response tells them, those of node:http2 do not.
  const names = (response as RawNames).getRawHeaderNames?.() ?? response.getHeaderNames()
  const headers = names.map((name) => [name, response.getHeader(name)] as const)
  return {
    restore: () => {
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      for (const [name, value] of headers) if (value !== undefined) response.setHeader(name, value)
      response.statusCode = statusCode
      if (response.statusMessage !== statusMessage) response.statusMessage = statusMessage
    },
  }
}

/** Adds a `Set-Cookie` line; one that is there for the same name already gives way, all others stay. */
export function addSetCookie(response: ServerResponse, name: string, line: string): void {
  const present = [response.getHeader('set-cookie') ?? []].flat().map(String)
  response.setHeader('Set-Cookie', [...present.filter((other) => !other.trimStart().startsWith(`${name}=`)), line])
}

/**
 * Tells caches that the answer depends on the cookie, and unless the application has its own rule, that nobody may keep it.
 * https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2
 */
export function forbidSharing(response: ServerResponse): void {
  const vary = [response.getHeader('vary') ?? []].flat().join(', ')
  const names = vary
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  if (!names.includes('*') && !names.includes('cookie'))
    response.setHeader('Vary', vary === '' ? 'Cookie' : `${vary}, Cookie`)
  if (!response.hasHeader('cache-control')) response.setHeader('Cache-Control', 'private, no-store')
}

/** Sets the headers that were given to `writeHead`, in any of its forms, by its rules: they replace, and a list may repeat a name. */
export function applyHeaders(response: ServerResponse, headers: unknown): void {
  if (typeof headers !== 'object' || headers === null) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string)
    return
  }
  const pairs = Array.isArray(headers[0]) ? (headers as [string, string][]) : pairsOf(headers as string[])
  for (const [name] of pairs) response.removeHeader(name)
  for (const [name, value] of pairs) response.appendHeader(name, value)
}

function pairsOf(flat: readonly string[]): [string, string][] {
  if (flat.length % 2 !== 0)
    throw Object.assign(new TypeError('a flat array of headers needs a value after each name'), {
      code: 'ERR_INVALID_ARG_VALUE',
    })
  const pairs: [string, string][] = []
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at] as string, flat[at + 1] as string])
  return pairs
}
