import type { ServerResponse } from 'node:http'
import type { HeaderAccess } from './session-exchange.ts'

/** The headers of a node:http response. */
export const nodeHeaders: HeaderAccess<ServerResponse> = {
  get: (response, name) => {
    const value = response.getHeader(name)
    return Array.isArray(value) ? value.join(', ') : value?.toString()
  },
  set: (response, name, value) => void response.setHeader(name, value),
  getCookies: (response) => [response.getHeader('set-cookie') ?? []].flat().map(String),
  setCookies: (response, lines) => void response.setHeader('Set-Cookie', lines),
}

/** The headers of a web-standard response. */
export const webHeaders: HeaderAccess<Headers> = {
  get: (headers, name) => headers.get(name),
  set: (headers, name, value) => headers.set(name, value),
  getCookies: (headers) => headers.getSetCookie(),
  setCookies: (headers, lines) => {
    headers.delete('set-cookie')
    for (const line of lines) headers.append('set-cookie', line)
  },
}

/** The status and the headers that earlier middleware has set. */
export interface ResponseStart {
  readonly statusCode: number
  readonly statusMessage: string | undefined
  /** Name, value, name, value. */
  readonly headers: readonly (string | number | readonly string[])[]
}

type RawNames = ServerResponse & { getRawHeaderNames?(): string[] }
const noHeaders: ResponseStart['headers'] = []

/** Remembers them, so that a dropped response leaves exactly that. */
export function rememberStart(response: ServerResponse): ResponseStart {
  const { statusCode } = response
  // Those of node:http2 have none, and warn whoever looks.
  const statusMessage = Object.hasOwn(response, 'statusMessage') ? response.statusMessage : undefined
  // The names as they were written: every node:http response tells them, those of node:http2 do not.
  const names = (response as RawNames).getRawHeaderNames?.() ?? response.getHeaderNames()
  const headers =
    names.length === 0 ? noHeaders : names.flatMap((name) => [name, response.getHeader(name) as string | string[]])
  return { statusCode, statusMessage, headers }
}

/** Makes the response what it was then; its headers must not have left. */
export function restoreStart(response: ServerResponse, { statusCode, statusMessage, headers }: ResponseStart): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  for (let at = 0; at < headers.length; at += 2) response.setHeader(headers[at] as string, headers[at + 1] as string)
  response.statusCode = statusCode
  if (Object.hasOwn(response, 'statusMessage')) response.statusMessage = statusMessage as string
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
