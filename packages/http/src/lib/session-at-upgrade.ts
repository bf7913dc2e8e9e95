import type { IncomingMessage } from 'node:http'
import type { Session, SessionStore } from '@transient/core'
import { misuse, TransientError } from '@transient/core/store'
import { csrfError } from './csrf-refusal.ts'
import { createOriginCheck, type OriginOptions } from './own-origin.ts'
import { nodeRequestReader, type RequestReader, type TrustProxy, webRequestReader } from './request-reader.ts'
import type { SessionCookieOptions } from './session-cookie.ts'
import { createSessionFront, loadedSession, type SessionFront } from './session-exchange.ts'

type UpgradeRequest = IncomingMessage | Request

/** Options of {@link sessionAtUpgrade}. */
export interface SessionUpgradeOptions extends OriginOptions {
  /** As the middleware of the same sessions has it. */
  readonly cookie?: SessionCookieOptions | undefined
  /** Whether to believe what a proxy says about the visitor's connection, and the host. Default: `false`. */
  readonly trustProxy?: TrustProxy<UpgradeRequest> | undefined
}

/**
 * The session of a request that becomes something else than a response: a WebSocket, a long poll. Loaded; one command at most. Browsers send cookies along
 * with WebSockets of other sites, so where the request comes from is looked at, as by `verifyCsrf`: a foreign one rejects, with `status` 403 and
 * `code` `'csrf'`. An error of the store rejects with its `status`.
 *
 * It can set no cookie. A visitor without a session gets an empty one that cannot be changed. A stored session can be read, changed by `update` and `commit`, and
 * ended by `destroy`; what would give it a new id (`renew`, `login`, `logout`, `setLifetime`) rejects with `session-sealed`. What was read gets old while the
 * connection is open: `sessions.watch` tells of the end, `sessions.load(session.token)` reads again.
 *
 * Until it resolves the socket is the caller's: one of node:http has to have a listener for `'error'`, or a visitor who hangs up ends the process.
 *
 * The request is one of node:http, or a web-standard one. Impossible options are a `TypeError`.
 */
export async function sessionAtUpgrade<Data extends object, Message>(
  request: UpgradeRequest,
  sessions: SessionStore<Data, Message>,
  options: SessionUpgradeOptions = defaults,
): Promise<Session<Data, Message>> {
  const { frontOf, originProblem } = doorOf(options)
  const problem = originProblem(request)
  if (problem !== undefined) throw csrfError(problem)
  const session = await loadedSession(frontOf(sessions), request)
  if (session.isNew) void session.seal()
  else keepId(session)
  return session
}

const defaults: SessionUpgradeOptions = {}

interface Door {
  frontOf<Data extends object, Message>(
    sessions: SessionStore<Data, Message>,
  ): SessionFront<Data, Message, UpgradeRequest>
  readonly originProblem: ReturnType<typeof createOriginCheck<UpgradeRequest>>
}

// Options are mostly the same object for every connection, and are looked at once.
const doors = new WeakMap<SessionUpgradeOptions, Door>()

function doorOf(options: SessionUpgradeOptions): Door {
  const known = doors.get(options)
  if (known !== undefined) return known
  const { cookie, trustProxy } = options
  const ofNode = nodeRequestReader<IncomingMessage>(trustProxy)
  const ofWeb = webRequestReader(trustProxy)
  const reader: RequestReader<UpgradeRequest> = {
    header: (request, name) => (isWeb(request) ? ofWeb.header(request, name) : ofNode.header(request, name)),
    isSecure: (request) => (isWeb(request) ? ofWeb.isSecure(request) : ofNode.isSecure(request)),
    host: (request) => (isWeb(request) ? ofWeb.host(request) : ofNode.host(request)),
  }
  const door: Door = {
    frontOf: (sessions) => createSessionFront(sessions, { cookie }, reader),
    originProblem: createOriginCheck(options, reader),
  }
  doors.set(options, door)
  return door
}

function isWeb(request: UpgradeRequest): request is Request {
  if (typeof request !== 'object' || request === null || typeof request.headers !== 'object')
    throw misuse(new TypeError('sessionAtUpgrade needs a request of node:http, or a web-standard one'))
  return typeof request.headers.get === 'function'
}

function keepId<Data extends object, Message>(session: Session<Data, Message>): void {
  const refuse = (operation: string) => () => {
    const message = 'a connection without a response cannot give out a new cookie; let a request do it'
    return Promise.reject(new TransientError('session-sealed', { operation, applied: 'no', message }))
  }
  const refusing: Pick<Session<Data, Message>, 'renew' | 'login' | 'logout' | 'setLifetime'> = {
    renew: refuse('session.renew'),
    login: refuse('session.login'),
    logout: refuse('session.logout'),
    setLifetime: refuse('session.setLifetime'),
  }
  Object.assign(session, refusing)
}
