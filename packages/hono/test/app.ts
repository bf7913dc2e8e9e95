import { createSessionStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { onTestFinished } from 'vitest'

export interface Data {
  user: string
  count: number
}

/** Sessions over a store that fails as the test says. */
export function createSessions() {
  const calls: string[] = []
  const store = createFaultyStore(createMemoryStore(), { onCall: (verb) => calls.push(verb) })
  const sessions = createSessionStore<Data>(store, {
    secrets: 'a secret of the tests, long enough for anyone',
    deadline: '20s',
  })
  onTestFinished(() => store.recover())
  return {
    calls,
    store,
    sessions,
    /** The headers of a visitor whose session has a user. */
    known: async () => {
      const session = await sessions.load()
      session.data.user = 'Ada'
      await session.commit()
      calls.length = 0
      return { headers: { cookie: `sid=${session.token}` } }
    },
  }
}

export const plainHttp = { cookie: { secure: false } } as const
