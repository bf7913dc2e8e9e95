import type { SessionExchange } from '@transient/http'
import type { Context } from 'hono'

const seenKey = Symbol('headers seen')

type Made = Response & { [seenKey]?: boolean }
type Maker = (content: unknown, status?: unknown, headers?: unknown) => unknown
type Makers = Record<'json' | 'text' | 'html', Maker>

/**
 * Makes `c.json`, `c.text` and `c.html` give the session's headers to the plain responses that most handlers return. Headers that are added afterwards
 * cost several microseconds, because a response that nobody has looked into has no `Headers` object yet. Everything else goes the usual way.
 * The function that is returned says whether the response that leaves is one of those, as it was made.
 */
export function makeResponses<Data extends object, Message>(
  c: Context,
  exchange: SessionExchange<Data, Message>,
): () => boolean {
  // To Hono they are overloads without end; here one form is enough.
  const makers = c as unknown as Makers
  const { json, text, html } = makers
  let made: Made | undefined
  const make = (body: string, type: string, status: number | undefined) => {
    const headers = { 'Content-Type': type, Vary: 'Cookie', 'Cache-Control': 'private, no-store' }
    made = new Response(body, { status: status ?? 200, headers })
    return Object.defineProperty(made, 'headers', headersSeen)
  }
  const isPlain = (status: unknown, headers: unknown): status is number | undefined =>
    exchange.isAsked && headers === undefined && (status === undefined || typeof status === 'number') && isUnprepared(c)
  makers.json = (value, status, headers) =>
    isPlain(status, headers) ? make(JSON.stringify(value), 'application/json', status) : json(value, status, headers)
  makers.text = (value, status, headers) =>
    isPlain(status, headers) ? make(String(value), 'text/plain; charset=UTF-8', status) : text(value, status, headers)
  makers.html = (value, status, headers) =>
    typeof value === 'string' && isPlain(status, headers)
      ? make(value, 'text/html; charset=UTF-8', status)
      : html(value, status, headers)
  return () => made !== undefined && c.res === made && made[seenKey] !== true
}

/** Whoever looks at the headers may change them. One getter for all, or each response would be of another shape. */
const headersSeen: PropertyDescriptor = {
  configurable: true,
  get(this: Made) {
    this[seenKey] = true
    return Reflect.get(Object.getPrototypeOf(this) as object, 'headers', this) as Headers
  },
}

/** Whether no middleware has said anything of the response yet, by `c.header`, `c.status` or `c.res`. */
function isUnprepared(c: Context): boolean {
  const { status, headers } = c.newResponse(null)
  return status === 200 && headers.keys().next().done === true
}
