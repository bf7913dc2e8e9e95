import type { SiteData } from '@transient/test-utils/http-conformance'
import { referenceSteps } from '../http-reference.ts'
import type { HttpMutant } from './http-mutant.ts'
import { withSessions } from './http-mutant.ts'

/** Faults of what stands below the front end, or of a front end that does not hand it through. */
export const sessionMutants: readonly HttpMutant[] = [
  {
    fault: 'two tabs show one message',
    caughtBy: 'flash > of two tabs that load at the same moment one shows the message',
    site: withSessions((session) => ({
      async takeFlash(queue) {
        const messages = session.peekFlash(queue)
        await session.takeFlash(queue)
        return messages
      },
    })),
  },
  {
    fault: 'messages stay',
    caughtBy: 'flash > a message outlives a redirect, and is shown once',
    site: withSessions((session) => ({ takeFlash: async (queue) => session.peekFlash(queue) })),
  },
  {
    fault: 'a look takes the messages',
    caughtBy: 'flash > a look leaves the messages where they are',
    site: withSessions((session) => ({
      peekFlash(queue) {
        const messages = session.peekFlash(queue)
        session.takeFlash(queue).catch(() => {})
        return messages
      },
    })),
  },
  {
    fault: 'messages that could not be taken out are shown',
    caughtBy: 'flash > a message that could not be taken out of the store is not shown, and stays',
    site: withSessions((session) => ({
      takeFlash(queue) {
        const messages = session.peekFlash(queue)
        return session.takeFlash(queue).catch(() => messages)
      },
    })),
  },
  {
    fault: 'there is one queue',
    caughtBy: 'flash > messages come in their order, each queue by itself',
    site: withSessions((session) => ({
      flash: (message, { queue: _, ...options } = {}) => session.flash(message, options),
    })),
  },
  {
    fault: 'messages are lost by a renewal',
    caughtBy: 'flash > messages outlive a renewal and a login, not a logout',
    site: withSessions((session) => ({
      async renew(options) {
        await session.takeFlash()
        await session.renew(options)
      },
    })),
  },
  {
    fault: 'an empty queue costs a command',
    caughtBy: 'cost > messages of an empty queue are no command more',
    site: withSessions((session) => ({
      async takeFlash(queue) {
        await session.update('note', () => 'looked')
        return session.takeFlash(queue)
      },
    })),
  },
  {
    fault: 'messages lie among the data',
    caughtBy: 'flash > messages are no part of the data',
    site: withSessions((session) => ({
      flash(message, options) {
        session.data.note = message
        session.flash(message, options)
      },
    })),
  },
  {
    fault: 'an update is a read and a write',
    caughtBy: 'races > twenty updates of one field at once are exact',
    site: withSessions((session) => ({
      async update(field, change) {
        const value = change(session.data[field])
        session.data[field] = value as SiteData[typeof field]
        await session.commit()
        return value
      },
    })),
  },
  {
    fault: 'a login keeps the id',
    caughtBy: 'users > a login keeps the data, changes the id and says who it is',
    site: withSessions((session) => ({
      login: async () => {
        await session.commit()
      },
    })),
  },
  {
    fault: 'a login begins with nothing',
    caughtBy: 'users > a login keeps the data, changes the id and says who it is',
    site: withSessions((session) => ({
      async login(...args) {
        for (const name of Object.keys(session.data)) delete session.data[name as 'note']
        await session.login(...args)
      },
    })),
  },
  {
    fault: 'a login is a renewal, and lets the old id in for a while',
    caughtBy: 'users > whoever planted the anonymous id gains nothing by the login',
    site: withSessions((session) => ({
      async login(userId) {
        session.data.note = userId
        await session.renew()
      },
    })),
  },
  {
    fault: 'a logout leaves the session in the store',
    caughtBy: 'users > a logout clears the cookie, and the token is worth nothing',
    site: withSessions(() => ({ logout: async () => {} })),
    steps: {
      cookieLines: (exchange) =>
        exchange.url.pathname === '/logout'
          ? ['sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax']
          : referenceSteps.cookieLines(exchange),
    },
  },
  {
    fault: 'a logout keeps nothing',
    caughtBy: 'users > a logout keeps what the application says, in a session of its own',
    site: withSessions((session) => ({ logout: () => session.logout() })),
  },
  {
    fault: 'a logout keeps everything',
    caughtBy: 'users > a logout keeps what the application says, in a session of its own',
    site: withSessions((session) => ({
      logout: (options) => session.logout(options?.keep ? { keep: ['text1', 'text2'] } : {}),
    })),
  },
  {
    fault: 'all devices are the one that asks',
    caughtBy: 'users > the devices of a user are listed, and one is the one that asks',
    site: (site) => ({
      ...site,
      routes: site.routes.map((route) => ({
        ...route,
        async handle(visit) {
          const answer = await route.handle(visit)
          if (route.path !== '/devices') return answer
          return { ...answer, text: answer.text?.replaceAll('"isCurrent":false', '"isCurrent":true') ?? '' }
        },
      })),
    }),
  },
  {
    fault: 'a renewal has no grace',
    caughtBy: 'races > a renewal beside five requests in flight, and five more with the old id, logs nobody out',
    site: withSessions((session) => ({ renew: () => session.renew({ grace: false }) })),
  },
  {
    fault: 'a renewal has grace whatever was asked for',
    caughtBy: 'renewal > with grace: false lets the old id do nothing',
    site: withSessions((session) => ({ renew: () => session.renew() })),
  },
  {
    fault: 'the grace of a renewal begins anew with each request',
    caughtBy: 'renewal > forgets the old id when its grace is over, however often it was read',
    site: withSessions((session) => ({ renew: () => session.renew({ grace: '1h' }) })),
  },
  {
    fault: 'a lifetime stays as it is',
    caughtBy: 'lifetimes > remember me: a session that was not remembered has ended by then',
    site: withSessions((session) => ({
      setLifetime: ({ persistent }) => session.setLifetime({ persistent }),
    })),
  },
  {
    fault: 'fields do not end',
    caughtBy: 'lifetimes > a field may end before the session does',
    site: withSessions(() => ({ expireField: () => {} })),
  },
  {
    fault: 'nobody is told why a session ended',
    caughtBy: 'reasons > revoked: ended on another device',
    site: withSessions(() => ({ endedBecause: undefined })),
  },
  {
    fault: 'every session that is gone has expired',
    caughtBy: 'reasons > tampered: a token that was changed, or is none',
    site: withSessions((session) => ({
      get endedBecause() {
        return session.endedBecause === undefined ? undefined : ('expired' as const)
      },
    })),
  },
]
