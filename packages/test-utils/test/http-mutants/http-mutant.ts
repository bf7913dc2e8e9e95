import type { Session } from '@transient/core'
import type { ConformanceSite, SiteData } from '@transient/test-utils/http-conformance'
import type { FrontEndSteps } from '../http-reference.ts'

/** A front end that is correct but for one fault, and the test that must find it. */
export interface HttpMutant {
  readonly fault: string
  readonly caughtBy: string
  /** Steps that go otherwise. */
  readonly steps?: Partial<FrontEndSteps>
  /** What is done to the site before it is opened. */
  readonly site?: (site: ConformanceSite) => ConformanceSite
}

/** The site with sessions that do something otherwise. */
export function withSessions(
  change: (session: Session<SiteData>) => Partial<Session<SiteData>>,
): NonNullable<HttpMutant['site']> {
  return (site) => {
    const open = (token?: string) => changed(site.sessions.open(token), change)
    return { ...site, sessions: { ...site.sessions, open } }
  }
}

/** Getters go on looking at the session. */
function changed(
  session: Session<SiteData>,
  change: (session: Session<SiteData>) => Partial<Session<SiteData>>,
): Session<SiteData> {
  const other = Object.create(session) as Session<SiteData>
  return Object.defineProperties(other, Object.getOwnPropertyDescriptors(change(session)))
}
