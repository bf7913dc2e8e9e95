import { createSessionStore, type SessionStore } from '@transient/core'
import { type SessionPluginOptions, sessionPlugin } from '@transient/fastify'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore, type Faults } from '@transient/test-utils/faults'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { onTestFinished } from 'vitest'

export interface Data {
  user: string
  count: number
}

export interface TestApp {
  readonly app: FastifyInstance
  readonly sessions: SessionStore<Data>
  readonly store: Faults
  /** The verbs that reached the store. */
  readonly calls: string[]
  /** The cookie of a visitor whose session has a user. */
  knownCookie(): Promise<string>
}

export function createSessions(onCall: (verb: string) => void = () => {}) {
  const store = createFaultyStore(createMemoryStore(), { onCall })
  const sessions = createSessionStore<Data>(store, {
    secrets: 'a secret of the tests, long enough for anyone',
    deadline: '20s',
  })
  return { store, sessions }
}

/** A Fastify application with sessions, on plain http; `inject` talks to it. */
export async function createApp(
  options: Omit<SessionPluginOptions, 'sessions'> = {},
  server: FastifyServerOptions = {},
): Promise<TestApp> {
  const calls: string[] = []
  const { store, sessions } = createSessions((verb) => calls.push(verb))
  const app = Fastify(server)
  onTestFinished(async () => {
    store.recover()
    await app.close()
  })
  await app.register(sessionPlugin, { sessions, cookie: { secure: false }, ...options })
  return {
    app,
    sessions,
    store,
    calls,
    knownCookie: async () => {
      const session = await sessions.load()
      session.data.user = 'Ada'
      await session.commit()
      calls.length = 0
      return `sid=${session.token}`
    },
  }
}

/** The `Set-Cookie` lines of an injected response. */
export function cookiesOf(response: { headers: Record<string, unknown> }): string[] {
  return [response.headers['set-cookie'] ?? []].flat().map(String)
}
