import type { RouteRow } from './route-row.ts'

export const flashAndFormRoutes: readonly RouteRow[] = [
  {
    method: 'POST',
    path: '/flash',
    async work({ session, query }, { meetings }) {
      const flashing = session()
      await meetings.attend('loaded')
      flashing.flash(query.get('message') ?? 'saved', { kind: 'success', queue: query.get('queue') ?? '' })
      return { status: 303, location: '/messages' }
    },
  },
  {
    path: '/messages',
    async work({ session, query }) {
      return { text: JSON.stringify(await session().takeFlash(query.get('queue') ?? '')) }
    },
  },
  { path: '/waiting', work: ({ session }) => ({ text: JSON.stringify(session().peekFlash()) }) },
  {
    // Both tabs have read the session before either takes the messages.
    path: '/meet-and-take',
    async work({ session }, { meetings }) {
      const taking = session()
      await meetings.attend('loaded')
      return { text: JSON.stringify(await taking.takeFlash()) }
    },
  },
  { path: '/form', work: ({ session }) => ({ text: session().csrfToken() }) },
  {
    method: 'POST',
    path: '/form',
    csrf: true,
    work({ session }) {
      const { data } = session()
      data.posted = (data.posted ?? 0) + 1
      return { text: `posted ${data.posted}` }
    },
  },
  // Safe methods pass.
  { path: '/guarded', csrf: true, work: () => ({ text: 'guarded' }) },
  // A route that has opted out.
  { method: 'POST', path: '/open-form', work: () => ({ text: 'open' }) },
]
