import type { Session, SessionStore } from '@transient/core'
import { misuse } from '@transient/core/store'
import { withFailureStatus } from './failure-status.ts'
import type { RequestReader } from './request-reader.ts'
import { chooseCookie, type SessionCookie, type SessionCookieOptions } from './session-cookie.ts'

/**
 * When a session is read. `'eager'`: before the handler, if a signed cookie came along; without one there is nothing to read, and the
 * session is loaded at no cost. `'lazy'`: when the handler calls `session.load()`. `'none'`: never, and asking for it is an error.
 */
export type SessionLoad = 'eager' | 'lazy' | 'none'

/** What a session is for the handler if the store cannot be read; see `storeDown` of `session.load()`. */
export type StoreDown = 'throw' | 'anonymous'

/** What all front ends have in common. `Request` is what the framework gives a handler. */
export interface SessionFrontOptions<Request> {
  /** Default: `__Host-sid`, Secure, HttpOnly, SameSite=Lax, Path=/. */
  readonly cookie?: SessionCookieOptions | undefined
  /** When a session is read, for all requests or per request. Default: `'eager'`. */
  readonly load?: SessionLoad | ((request: Request) => SessionLoad) | undefined
  /**
   * If the store cannot be read: `'throw'` makes it an error of the request (status 503). `'anonymous'` goes on with an empty session whose
   * `readFailure` has the reason, and which cannot be written. For all requests or per request. Default: `'throw'`.
   */
  readonly storeDown?: StoreDown | ((request: Request) => StoreDown) | undefined
}

/** How a front end reads and writes the headers of its responses. */
export interface HeaderAccess<Response> {
  /** A header, its lines joined with `', '`. */
  readonly get: (response: Response, name: string) => string | null | undefined
  readonly set: (response: Response, name: string, value: string) => void
  readonly getCookies: (response: Response) => readonly string[]
  /** Puts these `Set-Cookie` lines in place of all that are there. */
  readonly setCookies: (response: Response, lines: readonly string[]) => void
}

/** One request and its answer, as far as sessions are concerned. To be handed around, not to be looked into. */
export interface SessionExchange<Data extends object = Record<string, unknown>, Message = string> {
  readonly sessions: SessionStore<Data, Message>
  /** Whether somebody asked for the session, so that the response depends on the cookie. */
  isAsked: boolean
  /** Whether it is too late for a change: the response is on its way. */
  hasLeft: boolean
  /** The commit, until it is done; `'over'` from then on. */
  committing: Promise<void> | 'over' | undefined
  readonly cookie: SessionCookie
  readonly cookieHeader: string | null | undefined
  load: SessionLoad
  storeDown: StoreDown
  session: Session<Data, Message> | undefined
  /** What its methods reject with has a status, so that an error that leaves a handler is answered properly. */
  readonly mapError: (error: unknown) => unknown
  /** The cookie's value that led to the session. */
  sent: string | undefined
}

/** Sessions as one mounted middleware has them: the options, checked once. */
export interface SessionFront<Data extends object, Message, Request> {
  readonly sessions: SessionStore<Data, Message>
  /** Begins the exchange of a request. No I/O, no signature check. */
  begin(request: Request): SessionExchange<Data, Message>
  /**
   * Does what the options say about reading the session of this request; `undefined` if there is nothing to wait for. An exchange that another front
   * of the same session store began goes on by these options. Rejects with an error that has a `status`; the session is then sealed.
   */
  load(exchange: SessionExchange<Data, Message>, request: Request): Promise<void> | undefined
}

/**
 * The middle of every front end: for those who write one. A front end begins an exchange per request, loads, gives the handler
 * {@link askForSession}, and before the headers leave awaits {@link commitExchange} and calls {@link addSessionHeaders}.
 * A request that never asks costs one small object. Throws a `TypeError` for options that cannot be.
 */
export function createSessionFront<Data extends object, Message, Request>(
  sessions: SessionStore<Data, Message>,
  options: SessionFrontOptions<Request>,
  reader: RequestReader<Request>,
): SessionFront<Data, Message, Request> {
  const cookieOf = chooseCookie(options.cookie)
  const { load = 'eager', storeDown = 'throw' } = options
  if (typeof load !== 'function') checkLoad(load)
  if (typeof storeDown !== 'function') checkStoreDown(storeDown)

  return {
    sessions,
    begin: (request) => ({
      sessions,
      isAsked: false,
      hasLeft: false,
      committing: undefined,
      cookie: cookieOf(request, reader.isSecure),
      cookieHeader: reader.header(request, 'cookie'),
      load: 'lazy',
      storeDown: 'throw',
      session: undefined,
      mapError: withFailureStatus,
      sent: undefined,
    }),
    load: (exchange, request) => {
      exchange.load = typeof load === 'function' ? checkLoad(load(request)) : load
      exchange.storeDown = typeof storeDown === 'function' ? checkStoreDown(storeDown(request)) : storeDown
      return exchange.load === 'eager' ? loadExchange(exchange) : undefined
    },
  }
}

function loadExchange<Data extends object, Message>(
  exchange: SessionExchange<Data, Message>,
): Promise<void> | undefined {
  const session = openSession(exchange)
  if (session.isLoaded) return undefined
  const loading = session.load()
  // Where there is nothing to read, the session is loaded by now.
  if (session.isLoaded) return undefined
  return loading.catch((error: unknown) => {
    // What is sent now depends on the cookie, and there is nothing to commit.
    exchange.isAsked = true
    void session.seal()
    throw withFailureStatus(error)
  })
}

/** The session of a request without a response: loaded, whatever the options say. Rejects with an error that has a `status`. */
export async function loadedSession<Data extends object, Message, Request>(
  front: SessionFront<Data, Message, Request>,
  request: Request,
): Promise<Session<Data, Message>> {
  const exchange = front.begin(request)
  await loadExchange(exchange)
  return askForSession(exchange)
}

/**
 * The session, for the handler; the same one however often it is asked for. From now on the response depends on the cookie.
 * Asked for when the headers have left, it can be read and not changed. Throws an `Error` where the session is not to be opened.
 */
export function askForSession<Data extends object, Message>(
  exchange: SessionExchange<Data, Message>,
): Session<Data, Message> {
  if (exchange.load === 'none')
    throw new Error(
      "this request has no session, because its route has load: 'none'; 'lazy' opens one when it is asked for",
    )
  const session = openSession(exchange)
  if (exchange.hasLeft && !exchange.isAsked) void session.seal()
  exchange.isAsked = true
  return session
}

/**
 * Before the headers leave: stores what was changed, and lets no later change in. `undefined` if there is nothing to wait for. Rejects with an error
 * that has a `status`: the handler's response must not leave then. Done once: of an exchange that was committed, also in vain, it is `undefined`,
 * so that the error page can leave.
 */
export function commitExchange<Data extends object, Message>(
  exchange: SessionExchange<Data, Message>,
): Promise<void> | undefined {
  exchange.hasLeft = true
  if (!exchange.isAsked || exchange.committing === 'over') return undefined
  if (exchange.committing !== undefined) return exchange.committing
  const sealed = openSession(exchange).seal()
  if (sealed === undefined) {
    exchange.committing = 'over'
    return undefined
  }
  const isOver = () => {
    exchange.committing = 'over'
  }
  exchange.committing = sealed.then(isOver, (error: unknown) => {
    isOver()
    throw withFailureStatus(error)
  })
  return exchange.committing
}

/**
 * Adds what the visitor and caches have to know: `Set-Cookie` if the token is another one than came in, or if the session was destroyed; `Vary` and
 * `Cache-Control` if somebody asked for the session. After the commit, and on the error page in place of a dropped response as well, because a
 * renewal may have been stored before the commit failed, and the old id leads nowhere. A `Set-Cookie` of the same name gives way.
 */
export function addSessionHeaders<Data extends object, Message, Response>(
  exchange: SessionExchange<Data, Message>,
  response: Response,
  headers: HeaderAccess<Response>,
): void {
  const { isAsked, cookie, session, sent } = exchange
  if (!isAsked) return
  const line = session === undefined ? undefined : cookieLine(cookie, session, sent)
  if (line !== undefined) {
    const others = headers.getCookies(response).filter((other) => !other.trimStart().startsWith(`${cookie.name}=`))
    headers.setCookies(response, [...others, line])
  }
  const vary = headers.get(response, 'vary') ?? ''
  if (!/(?:^|,)\s*(?:\*|cookie)\s*(?:,|$)/i.test(vary))
    headers.set(response, 'Vary', vary === '' ? 'Cookie' : `${vary}, Cookie`)
  // Unless the application has its own rule, nobody may keep it. https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2
  if ((headers.get(response, 'cache-control') ?? '') === '') headers.set(response, 'Cache-Control', 'private, no-store')
}

function cookieLine<Data extends object, Message>(
  cookie: SessionCookie,
  { token, expiresAt, isDestroyed, isPersistent }: Session<Data, Message>,
  sent: string | undefined,
): string | undefined {
  // Neither set nor cleared where the session is another request's to hand out: the token is then the one that came, or none.
  if (token === undefined) return isDestroyed ? cookie.clear() : undefined
  return token === sent ? undefined : cookie.issue(token, expiresAt, isPersistent)
}

/** Opens it as core has it. */
function openSession<Data extends object, Message>(exchange: SessionExchange<Data, Message>): Session<Data, Message> {
  exchange.session ??= findSession(exchange)
  return exchange.session
}

function findSession<Data extends object, Message>(exchange: SessionExchange<Data, Message>): Session<Data, Message> {
  const { sessions, cookie, cookieHeader } = exchange
  let first: Session<Data, Message> | undefined
  // A subdomain can plant cookies beside ours: of several the first with a good signature counts.
  for (const value of cookie.read(cookieHeader ?? undefined)) {
    const candidate = sessions.open(value, exchange)
    first ??= candidate
    if (candidate.isNew) continue
    exchange.sent = value
    return candidate
  }
  return first ?? sessions.open(undefined, exchange)
}

function checkLoad(load: unknown): SessionLoad {
  if (load === 'eager' || load === 'lazy' || load === 'none') return load
  throw misuse(
    new TypeError("load must be 'eager', 'lazy', 'none', or a function of the request that gives one of them"),
  )
}

function checkStoreDown(storeDown: unknown): StoreDown {
  if (storeDown === 'throw' || storeDown === 'anonymous') return storeDown
  throw misuse(
    new TypeError("storeDown must be 'throw', 'anonymous', or a function of the request that gives one of them"),
  )
}
