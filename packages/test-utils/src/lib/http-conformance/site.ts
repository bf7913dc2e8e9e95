import type { SessionStore } from '@transient/core'
import type { SiteRoute } from './route.ts'
import type { SiteData } from './site-data.ts'

/** Options for the middleware of the front end, to be handed over as they are. */
export interface SiteOptions {
  readonly cookie?: {
    readonly secure?: boolean | 'auto'
    readonly persistent?: boolean
  }
  readonly storeDown?: 'throw' | 'anonymous'
  readonly trustProxy?: boolean
}

/** The site that the suite wants to talk to. What it does is in the routes; a front end translates. */
export interface ConformanceSite {
  readonly sessions: SessionStore<SiteData>
  readonly options: SiteOptions
  /** Options for the front end's `verifyCsrf`, in front of the routes that want it. */
  readonly csrf: { readonly trustedOrigins?: readonly string[]; readonly trustProxy?: boolean }
  readonly routes: readonly SiteRoute[]
}

/** A site that takes requests. */
export interface OpenSite {
  /** `http://127.0.0.1:40001` */
  readonly origin: string
  /** Closes every connection, and resolves when the port is free. */
  stop(): Promise<void>
}

/**
 * Opens the site on a free port of the loopback address, with the front end under test.
 *
 * - What a handler throws, and what a load or commit rejects with, goes to the framework's own error handling. There the site answers
 *   with the error's `status`, or 500, the header `x-error-page: yes`, and the text `error page: <code>`, or the message where there is no code.
 * - A form that `verifyCsrf` refuses gets the page that `verifyCsrf` makes.
 * - Each response gets the header `x-earlier: kept` before the session's middleware sees it, where the front end has such a thing.
 */
export type OpenFrontEnd = (site: ConformanceSite) => Promise<OpenSite>
