import type { RouteRow } from './route-row.ts'
import { stateOf } from './routes-reading.ts'
import { setFields } from './routes-writing.ts'

export const endingRoutes: readonly RouteRow[] = [
  {
    method: 'POST',
    path: '/renew',
    async work(visit) {
      const session = visit.session()
      await session.renew(visit.query.has('sharp') ? { grace: false } : {})
      setFields(visit, session)
      return stateOf(session)
    },
  },
  {
    // Both have read the session before either renews it.
    method: 'POST',
    path: '/meet-and-renew',
    async work({ session }, { meetings }) {
      const renewed = session()
      await meetings.attend('loaded')
      await renewed.renew()
      return stateOf(renewed)
    },
  },
  {
    method: 'POST',
    path: '/renew-and-throw',
    async work({ session }) {
      await session().renew()
      throw new Error('the handler throws')
    },
  },
  {
    method: 'POST',
    path: '/login',
    async work(visit, { meetings }) {
      const session = visit.session()
      await meetings.attend('login')
      setFields(visit, session)
      await session.login(visit.query.get('user') ?? 'Åsa', { device: visit.query.get('device') ?? 'browser' })
      return stateOf(session)
    },
  },
  {
    method: 'POST',
    path: '/logout',
    load: 'lazy',
    async work({ session, query }) {
      if (query.has('keep')) await session().load()
      await session().logout(query.has('keep') ? { keep: ['text1'] } : {})
      return { text: 'goodbye' }
    },
  },
  {
    method: 'POST',
    path: '/destroy',
    async work(visit) {
      const session = visit.session()
      await session.destroy()
      setFields(visit, session)
      return stateOf(session)
    },
  },
  {
    method: 'POST',
    path: '/remember',
    async work({ session, query }) {
      const time = query.get('for') ?? '365d'
      await session().setLifetime({
        persistent: query.get('persistent') !== 'no',
        idleTimeout: time as '1d',
        absoluteTimeout: time as '1d',
      })
      return stateOf(session())
    },
  },
  {
    path: '/devices',
    async work({ session }, { sessions }) {
      const current = session()
      const list = current.userId === undefined ? [] : await sessions.ofUser(current.userId, { current })
      return {
        text: JSON.stringify(list.map(({ handle, attributes, isCurrent }) => ({ handle, attributes, isCurrent }))),
      }
    },
  },
  {
    method: 'POST',
    path: '/revoke-others',
    async work({ session }, { sessions }) {
      const except = session()
      if (except.userId !== undefined) await sessions.revoke(except.userId, { except })
      return { text: 'revoked' }
    },
  },
]
