import { isTransientError, type Session } from '@transient/core'
import type { SiteVisit } from './route.ts'
import type { RouteRow } from './route-row.ts'
import { piecesOf, stateOf } from './routes-reading.ts'
import type { SiteData } from './site-data.ts'

/** Gives the fields the values that the request says: `?text1=…&text2=…`. */
export function setFields({ query }: SiteVisit, session: Session<SiteData>): void {
  const { data } = session
  for (const [name, value] of query) if (name.startsWith('text')) data[name as `text${string}`] = value
}

export const writingRoutes: readonly RouteRow[] = [
  {
    method: 'POST',
    path: '/set',
    work(visit) {
      const session = visit.session()
      setFields(visit, session)
      return { ...stateOf(session), headers: { 'x-handler': 'yes' }, cookies: ['flavour=vanilla; Path=/'] }
    },
  },
  {
    method: 'POST',
    path: '/set-late-load',
    load: 'lazy',
    async work(visit) {
      const session = visit.session()
      await session.load()
      setFields(visit, session)
      return stateOf(session)
    },
  },
  {
    // The session is read before the meeting and changed after it.
    method: 'POST',
    path: '/meet-and-set',
    async work(visit, { meetings }) {
      const session = visit.session()
      await meetings.attend('loaded')
      setFields(visit, session)
      return stateOf(session)
    },
  },
  {
    path: '/meet-and-read',
    async work({ session }, { meetings }) {
      const read = session()
      await meetings.attend('loaded')
      return stateOf(read)
    },
  },
  {
    method: 'POST',
    path: '/count',
    async work({ session }, { meetings }) {
      const counting = session()
      await meetings.attend('loaded')
      return { text: String(await counting.update('count', (count) => (count ?? 0) + 1)) }
    },
  },
  {
    // As an application does that lets the browser name its fields.
    method: 'POST',
    path: '/set-any',
    work({ session, query }) {
      const data = session().data as Record<string, string>
      for (const [name, value] of query) data[name] = value
      return { text: JSON.stringify([...query.keys()].map((name) => [name, data[name]])) }
    },
  },
  {
    method: 'POST',
    path: '/update-unawaited',
    work({ session, query }) {
      // An error of the update is the update's alone.
      session()
        .update('text1', () => query.get('text1') ?? undefined)
        .catch(() => {})
      return { text: 'under way' }
    },
  },
  {
    method: 'POST',
    path: '/push',
    work({ session, query }) {
      const { data } = session()
      data.list ??= []
      data.list.push(query.get('item') ?? '')
      return { text: data.list.join(',') }
    },
  },
  {
    method: 'POST',
    path: '/redirect',
    work(visit) {
      setFields(visit, visit.session())
      return { status: 303, location: '/state' }
    },
  },
  {
    method: 'POST',
    path: '/stream',
    work(visit) {
      setFields(visit, visit.session())
      return { stream: piecesOf('one ', 'two ', 'three'), headers: { 'x-handler': 'yes' } }
    },
  },
  {
    // The first piece is out when the second is asked for; what is written then comes too late.
    method: 'POST',
    path: '/late',
    work(visit, { meetings }) {
      const session = visit.session()
      async function* pieces() {
        yield 'first '
        await meetings.attend('late')
        try {
          setFields(visit, session)
          await session.commit()
          yield 'written'
        } catch (error) {
          yield isTransientError(error) ? `${error.code}: ${error.message}` : String(error)
        }
      }
      return { stream: pieces() }
    },
  },
  {
    method: 'POST',
    path: '/set-and-throw',
    work(visit) {
      setFields(visit, visit.session())
      throw new Error('the handler throws')
    },
  },
  {
    // 304 and HEAD have no body, and a session all the same.
    path: '/not-modified',
    work(visit) {
      setFields(visit, visit.session())
      return { status: 304, headers: { etag: '"1"' } }
    },
  },
  {
    path: '/set-by-get',
    work(visit) {
      setFields(visit, visit.session())
      return { text: 'set' }
    },
  },
  {
    method: 'POST',
    path: '/expire-note',
    work({ session, query }) {
      session().data.note = query.get('note') ?? 'a note'
      session().expireField('note', Number(query.get('after')))
      return stateOf(session())
    },
  },
]
