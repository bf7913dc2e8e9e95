import { misuse } from '@transient/core/store'
import type { StoredSession } from './stored-session.ts'

/** What express-session and its sessions need of a request. */
export interface ExpressRequest {
  sessionID?: string
  session?: unknown
  sessionStore?: unknown
}

/** Makes new sessions; express-session assigns it to its store, as `generate`. */
export type Generate = (request: ExpressRequest) => void

type SessionClass = new (request: ExpressRequest, data: object) => object

/**
 * Sessions of the classes of express-session, without a dependency on it: the middleware hands its store a function that makes new ones,
 * and those lead to their classes. So what an application put on `session.Session.prototype` is there as well.
 */
export interface ExpressSessions {
  /** What express-session assigned. */
  generate: Generate | undefined
  /** As `createSession` of express-session's own stores does it: a session of what is stored becomes `request.session`. */
  create(request: ExpressRequest, stored: StoredSession): object
}

/** `onNew` is told of each new session that is to be stored under the id of its request. */
export function createExpressSessions(onNew: (session: object, sid: string) => void): ExpressSessions {
  let generate: Generate | undefined
  let classes: { Session: SessionClass; cookieNature: object } | undefined

  function learn(session: unknown): void {
    const cookie = (session as { cookie?: object } | undefined)?.cookie
    if (typeof session !== 'object' || session === null || cookie === undefined) return
    // Cookies do not lead to the function that makes them, only to what they are.
    classes ??= {
      Session: session.constructor as SessionClass,
      cookieNature: Object.getPrototypeOf(cookie) as object,
    }
  }

  function classesFor(request: ExpressRequest) {
    if (classes === undefined && generate !== undefined) {
      // A visitor like this one, but new: what is assigned stays on the copy. `load()` may come without a real request.
      const headers = (request as { headers?: object }).headers ?? {}
      const visitor = Object.create(request, { headers: { value: headers } }) as ExpressRequest
      visitor.sessionID = ''
      visitor.session = undefined
      generate(visitor)
      learn(visitor.session)
    }
    if (classes === undefined)
      throw misuse(new TypeError('only a store that was given to express-session can make its sessions'))
    return classes
  }

  return {
    get generate() {
      return generate && generateAndTell
    },
    set generate(assigned) {
      generate = assigned
    },
    create: (request, stored) => {
      const { Session, cookieNature } = classesFor(request)
      const { expires, originalMaxAge } = stored.cookie
      const cookie = Object.create(cookieNature) as Record<string, unknown>
      for (const [name, value] of Object.entries({ path: '/', httpOnly: true, ...stored.cookie })) {
        if (name !== 'data') cookie[name] = value
      }
      cookie['expires'] = typeof expires === 'string' ? new Date(expires) : (expires ?? null)
      // Last, because setting the expiry sets this too.
      cookie['originalMaxAge'] = originalMaxAge
      const session = new Session(request, { ...stored, cookie })
      request.session = session
      return session
    },
  }

  function generateAndTell(request: ExpressRequest): void {
    generate?.(request)
    learn(request.session)
    if (typeof request.session === 'object' && request.session !== null && request.sessionID !== undefined)
      onNew(request.session, request.sessionID)
  }
}
