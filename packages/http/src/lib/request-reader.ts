import type { IncomingMessage } from 'node:http'
import { misuse } from '@transient/core/store'

/** What a front end has to tell of its requests. */
export interface RequestReader<Request> {
  /** A header, the name in small letters; several lines of it are joined, those of `cookie` with `'; '`. */
  readonly header: (request: Request, name: string) => string | null | undefined
  /** Whether the visitor's browser sent it by https, as far as is known. */
  readonly isSecure: (request: Request) => boolean
  /** The host, and the port unless it is the usual one, that the visitor's browser sent it to. */
  readonly host: (request: Request) => string | null | undefined
}

/**
 * Whether to believe `X-Forwarded-Proto` and `X-Forwarded-Host`: for all requests, or for those that came from a proxy of yours. Only where such a
 * proxy sets or removes them itself; of a list the first counts, which is what the visitor's browser used. Default: `false`.
 */
export type TrustProxy<Request> = boolean | ((request: Request) => boolean)

/** A reader of node:http requests, of http2's and of what frameworks make of them. */
export function nodeRequestReader<Request extends IncomingMessage>(
  trustProxy: TrustProxy<Request> | undefined,
): RequestReader<Request> {
  return trustingReader(trustProxy, {
    header: (request, name) => {
      const value = request.headers[name]
      return typeof value === 'object' ? value.join(', ') : value
    },
    isSecure: (request) => (request.socket as { encrypted?: boolean } | null)?.encrypted === true,
    host: (request) => request.headers.host ?? (request.headers[':authority'] as string | undefined),
  })
}

/** A reader of web-standard requests. */
export function webRequestReader(trustProxy: TrustProxy<Request> | undefined): RequestReader<Request> {
  return trustingReader(trustProxy, {
    header: (request, name) => request.headers.get(name),
    isSecure: (request) => request.url.startsWith('https:'),
    host: (request) => new URL(request.url).host,
  })
}

function trustingReader<Request>(
  trustProxy: TrustProxy<Request> = false,
  reader: RequestReader<Request>,
): RequestReader<Request> {
  if (typeof trustProxy !== 'boolean' && typeof trustProxy !== 'function')
    throw misuse(new TypeError('trustProxy must be true, false or a function of the request'))
  if (trustProxy === false) return reader
  const forwarded = (request: Request, name: string) => {
    if (trustProxy !== true && !trustProxy(request)) return undefined
    return reader.header(request, name)?.split(',', 1)[0]?.trim()
  }
  return {
    header: reader.header,
    isSecure: (request) => {
      const protocol = forwarded(request, 'x-forwarded-proto')
      return protocol === undefined ? reader.isSecure(request) : protocol.toLowerCase() === 'https'
    },
    host: (request) => forwarded(request, 'x-forwarded-host') || reader.host(request),
  }
}
