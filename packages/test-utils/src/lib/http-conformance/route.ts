import type { Session } from '@transient/core'
import type { SiteData } from './site-data.ts'

/** One page of the reference site. */
export interface SiteRoute {
  /** A `GET` route answers `HEAD` too. */
  readonly method: 'GET' | 'POST'
  /** As it stands in the URL, without parameters. */
  readonly path: string
  /** When its session is read, to be said in the front end's own way. */
  readonly load: 'eager' | 'lazy' | 'none'
  /** Whether it is behind `verifyCsrf`. */
  readonly csrf: boolean
  handle(visit: SiteVisit): Promise<SiteAnswer>
}

/** A request, as a handler of the table sees it. */
export interface SiteVisit {
  /** Asks for the session in the front end's own way. Not called by handlers that want none. */
  session(): Session<SiteData>
  readonly query: URLSearchParams
}

/** What a handler answers, to be sent in the front end's own way. */
export interface SiteAnswer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** `Set-Cookie` lines of the application. */
  readonly cookies?: readonly string[]
  /** Where it redirects to; `status` is given then. */
  readonly location?: string
  /** The body, `text/plain`. */
  readonly text?: string
  /** The body, piece by piece; a piece is to be sent when it comes. */
  readonly stream?: AsyncIterable<string>
}

/** How the session of a request is to be loaded, for front ends that decide by a function of the request. */
export function loadOf(routes: readonly SiteRoute[], path: string): SiteRoute['load'] {
  return routes.find((route) => route.path === path)?.load ?? 'eager'
}
