import type { SessionStore } from '@transient/core'
import type { Meetings } from './meetings.ts'
import type { SiteRoute } from './route.ts'
import { endingRoutes } from './routes-ending.ts'
import { flashAndFormRoutes } from './routes-flash-and-form.ts'
import { readingRoutes } from './routes-reading.ts'
import { writingRoutes } from './routes-writing.ts'
import type { SiteData } from './site-data.ts'

/** The table of the reference site. */
export function createRoutes(sessions: SessionStore<SiteData>, meetings: Meetings): readonly SiteRoute[] {
  const context = { sessions, meetings }
  const rows = [...readingRoutes, ...writingRoutes, ...endingRoutes, ...flashAndFormRoutes]
  return rows.map(({ method = 'GET', path, load = 'eager', csrf = false, work }) => ({
    method,
    path,
    load,
    csrf,
    async handle(visit) {
      await meetings.attend(visit.query.get('before'))
      const answer = await work(visit, context)
      await meetings.attend(visit.query.get('after'))
      return answer
    },
  }))
}
