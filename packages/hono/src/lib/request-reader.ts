import { misuse } from '@transient/core/store'
import { type RequestReader, type TrustProxy, webRequestReader } from '@transient/http'
import type { Context } from 'hono'

/** What a Hono context knows of its request. */
export function contextReader(trustProxy: TrustProxy<Context> | undefined): RequestReader<Context> {
  const isProxied = trustOf(trustProxy)
  const direct = webRequestReader(false)
  const proxied = webRequestReader(true)
  return {
    header: (c, name) => direct.header(c.req.raw, name),
    isSecure: (c) => (isProxied(c) ? proxied : direct).isSecure(c.req.raw),
    host: (c) => (isProxied(c) ? proxied : direct).host(c.req.raw),
  }
}

/** Whether what a proxy says of a request is believed, by the option of that name. */
export function trustOf(trustProxy: TrustProxy<Context> = false): (c: Context) => boolean {
  if (typeof trustProxy === 'function') return trustProxy
  if (typeof trustProxy === 'boolean') return () => trustProxy
  throw misuse(new TypeError('trustProxy must be true, false or a function of the context'))
}
