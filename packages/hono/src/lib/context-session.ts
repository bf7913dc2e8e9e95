import type { Session, SessionStore } from '@transient/core'
import { askForSession, type SessionExchange } from '@transient/http'
import type { Context } from 'hono'

const exchangeKey = Symbol.for('transient.hono-session-exchange')

type Exchange = SessionExchange<object, unknown>
type Carrier = { [exchangeKey]?: Exchange }

/** What was begun for the request, if anything was. */
export function exchangeOf(c: object): Exchange | undefined {
  return (c as Carrier)[exchangeKey]
}

/** Makes `c.get('session')` and `c.var.session` ask for the session; what does neither leaves the response independent of the cookie. */
export function exposeSession(c: Context, exchange: Exchange): void {
  const { get } = c
  if (get('session') !== undefined) throw new Error("c.get('session') is taken by another middleware")
  ;(c as Carrier)[exchangeKey] = exchange
  const others = get as (key: string) => unknown
  c.get = (key: string) => (key === 'session' ? askForSession(exchange) : others(key))
  Object.defineProperty(c, 'var', variables)
}

// One getter for all contexts: with one for each they would all be of another shape.
const variables: PropertyDescriptor = {
  configurable: true,
  get(this: object) {
    const others = Reflect.get(Object.getPrototypeOf(this) as object, 'var', this) as object
    const get = () => askForSession(exchangeOf(this) as Exchange)
    return Object.defineProperty(others, 'session', { configurable: true, enumerable: true, get })
  },
}

/**
 * The session of a request, typed as its store says: what `c.get('session')` is where the types know it. Asking for it makes the response
 * depend on the cookie: from then on the session is committed before the response leaves, and the response says so to caches. Asked for after that,
 * in a stream for instance, it can be read and not changed. Throws an `Error` if the middleware of this very session store did not see the
 * request, or if its route has no session.
 */
export function sessionOf<Data extends object, Message>(
  c: Context,
  sessions: SessionStore<Data, Message>,
): Session<Data, Message> {
  const exchange = exchangeOf(c)
  if (exchange === undefined)
    throw new Error('this request has no session: sessionMiddleware must come before the handler that asks for one')
  if ((exchange.sessions as unknown) !== sessions)
    throw new Error(
      'this request has a session of another session store: ask for it with the one its middleware was given',
    )
  // The same session store, so its types are those of the exchange.
  return askForSession(exchange as unknown as SessionExchange<Data, Message>)
}
