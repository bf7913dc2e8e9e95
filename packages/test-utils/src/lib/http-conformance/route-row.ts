import type { SessionStore } from '@transient/core'
import type { Meetings } from './meetings.ts'
import type { SiteAnswer, SiteRoute, SiteVisit } from './route.ts'
import type { SiteData } from './site-data.ts'

/** What the pages of the table have at hand, apart from the visit. */
export interface RouteContext {
  readonly sessions: SessionStore<SiteData>
  readonly meetings: Meetings
}

/** A row of the table. What is left out is a `GET` route, eager, in front of which there is no `verifyCsrf`. */
export interface RouteRow extends Partial<Omit<SiteRoute, 'handle' | 'path'>> {
  readonly path: string
  work(visit: SiteVisit, context: RouteContext): Promise<SiteAnswer> | SiteAnswer
}
