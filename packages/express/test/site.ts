import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessionStore, type Session, type SessionStoreOptions } from '@transient/core'
import type { TransientStore } from '@transient/core/store'
import { type SessionMiddlewareOptions, sessionMiddleware, sessionOf } from '@transient/express'
import express, { type ErrorRequestHandler } from 'express'

export type Fields = Record<string, number>

const secret = 'a secret of the tests, long enough for anyone'

/** Where handlers wait for one another. */
export interface Meeting {
  /** Says that a handler has its session, and waits until it may go on. */
  arrive(): Promise<void>
}

const noMeeting: Meeting = { arrive: async () => {} }

const errorPage: ErrorRequestHandler = (error: { status?: number; code?: string }, _request, response, _next) => {
  response.status(error.status ?? 500).json({ error: error.code ?? 'another error' })
}

/** An application with one route for everything that sessions promise. */
export function createApp(
  store: TransientStore,
  options: { meeting?: Meeting; sessions?: Partial<SessionStoreOptions>; middleware?: SessionMiddlewareOptions } = {},
) {
  const { meeting = noMeeting } = options
  const sessions = createSessionStore<Fields>(store, { secrets: secret, ...options.sessions })
  const app = express()
  const session = (request: express.Request): Session<Fields> => sessionOf(request, sessions)
  app.use(sessionMiddleware(sessions, { cookie: { secure: false }, ...options.middleware }))
  app.get('/untouched', (_, response) => void response.send('untouched'))
  app.get('/read', (request, response) => void response.json(session(request).data))
  app.get('/slow-read', async (request, response) => {
    await meeting.arrive()
    response.json(session(request).data)
  })
  app.post('/write/:field', async (request, response) => {
    await meeting.arrive()
    session(request).data[request.params.field] = 1
    response.json('written')
  })
  app.post('/increment', async (request, response) => {
    response.json(await session(request).update('count', (count) => (count ?? 0) + 1))
  })
  app.post('/logout', async (request, response) => {
    await session(request).destroy()
    response.json('goodbye')
  })
  app.use(errorPage)
  return { app, sessions }
}

export async function listen(app: express.Express): Promise<{ server: Server; origin: string }> {
  const server = app.listen(0, '127.0.0.1')
  await new Promise<void>((resolve) => server.once('listening', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
