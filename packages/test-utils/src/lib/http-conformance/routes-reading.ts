import type { Session } from '@transient/core'
import type { SiteAnswer } from './route.ts'
import type { RouteRow } from './route-row.ts'
import type { SiteData } from './site-data.ts'

/** What a page tells of its session. */
export interface SessionState {
  readonly data: Partial<SiteData>
  readonly isNew: boolean
  readonly isDestroyed: boolean
  readonly endedBecause: Session['endedBecause'] | null
  readonly userId: string | null
  readonly handle: string | null
  readonly readFailure: string | null
}

export function stateOf(session: Session<SiteData>): SiteAnswer {
  const { data, isNew, isDestroyed, endedBecause = null, userId = null, handle = null, readFailure } = session
  const state: SessionState = {
    data: { ...data },
    isNew,
    isDestroyed,
    endedBecause,
    userId,
    handle,
    readFailure: readFailure?.code ?? null,
  }
  return { text: JSON.stringify(state) }
}

export const readingRoutes: readonly RouteRow[] = [
  { path: '/state', work: ({ session }) => stateOf(session()) },
  {
    path: '/any',
    work({ session, query }) {
      const data = session().data as Record<string, string>
      return { text: JSON.stringify([...query.keys()].map((name) => [name, data[name]])) }
    },
  },
  { path: '/free', work: () => ({ text: 'free' }) },
  {
    path: '/none',
    load: 'none',
    work({ session, query }) {
      if (!query.has('ask')) return { text: 'none' }
      try {
        return { text: `a session: ${session().isNew}` }
      } catch (error) {
        return { text: `refused: ${(error as Error).message}` }
      }
    },
  },
  { path: '/unloaded', load: 'lazy', work: ({ session }) => ({ text: `loaded: ${session().isLoaded}` }) },
  {
    path: '/loaded-late',
    load: 'lazy',
    async work({ session }) {
      await session().load()
      return stateOf(session())
    },
  },
  {
    path: '/stream',
    work({ session }) {
      const { text1 = 'nothing' } = session().data
      return { stream: piecesOf('one ', 'two ', text1) }
    },
  },
  {
    path: '/own-headers',
    work({ session }) {
      void session().data
      return {
        text: 'own',
        headers: { 'cache-control': 'max-age=60', vary: 'Accept-Encoding' },
        cookies: ['flavour=vanilla; Path=/'],
      }
    },
  },
]

export async function* piecesOf(...pieces: readonly string[]): AsyncGenerator<string> {
  for (const piece of pieces) yield piece
}
