import { contentsOf, probeOf, type SessionShape, type Visit } from './session-shape.ts'

/** What is asked of a server: to read a few fields, all of them, or to change one. */
export type HttpVerb = 'read' | 'read every field' | 'write'

/** The answer, as JSON. */
export interface Page {
  readonly visitor: string
  readonly visits: number
  readonly length: number
}

/** What a handler does with a visitor's session, the same for every framework and whoever keeps the session. */
export interface Pages {
  /** Puts a new visitor's fields into an empty session. */
  begin(session: object, visitor: string): Page
  /** Three fields. */
  read(session: object): Page
  everyField(session: object): Page
  /** Three fields, of which the number of visits is changed. */
  write(session: object): Page
}

export function createPages(shape: SessionShape): Pages {
  const probe = probeOf(shape)
  const pageOf = (visit: Visit): Page => ({
    visitor: visit.visitor,
    visits: visit.visits,
    length: (visit[probe] as string).length,
  })
  return {
    begin(session, visitor) {
      Object.assign(session, contentsOf(shape, visitor))
      return { visitor, visits: 0, length: 0 }
    },
    read: (session) => pageOf(session as Visit),
    everyField(session) {
      const visit = session as Visit
      let length = 0
      // The sessions of others have more in them: a cookie, for instance.
      for (const name of Object.keys(visit)) if (name.startsWith('field')) length += (visit[name] as string).length
      return { visitor: visit.visitor, visits: visit.visits, length }
    },
    write(session) {
      const visit = session as Visit
      visit.visits += 1
      return pageOf(visit)
    },
  }
}

export const paths: Record<HttpVerb, string> = { read: '/read', 'read every field': '/every', write: '/write' }

/** The body that is right when this visitor has been here so many times. */
export function expectedBody(shape: SessionShape, verb: HttpVerb, visitor: string): (visits: number) => string {
  const session = contentsOf(shape, visitor)
  const pages = createPages(shape)
  const { length } = verb === 'read every field' ? pages.everyField(session) : pages.read(session)
  const [head, tail] = [`{"visitor":${JSON.stringify(visitor)},"visits":`, `,"length":${length}}`]
  return (visits) => `${head}${visits}${tail}`
}
