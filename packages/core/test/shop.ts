import { randomUUID } from 'node:crypto'
import {
  createSessionStore,
  type InspectableStore,
  type SessionStore,
  type SessionStoreOptions,
  type TransientStore,
  withPrefix,
} from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createMockStore } from '@transient/mock'
import { createRedisStore } from '@transient/redis'
import { createFaultyStore, type Faults } from '@transient/test-utils/faults'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, afterEach, beforeAll } from 'vitest'

/** What the sessions of these tests hold. */
export interface Shop {
  user: string
  cart: string[]
  count: number
  a: number
  b: number
  [field: `field${number}`]: number
}

export const storeKinds = ['memory', 'mock', 'redis'] as const

export const secret = 'a secret of more than thirty-two characters'

/** Two processes in front of one storage, each with faults of its own. */
export interface ShopUnderTest {
  readonly store: InspectableStore & Faults
  readonly sessions: SessionStore<Shop>
  readonly otherStore: InspectableStore & Faults
  readonly otherSessions: SessionStore<Shop>
  /** All that is stored, keys and values, as text. */
  dump(): Promise<Map<string, string>>
  /** The token of a new session with this data. */
  begin(data: Partial<Shop>): Promise<string>
  /** The data that the next request with this token finds; `undefined` if it finds no session. */
  find(token: string | undefined): Promise<Partial<Shop> | undefined>
}

/**
 * Makes shops on one kind of store. Their deadline is long, so that nothing but a gate decides what is late, however busy
 * the machine is.
 */
export function useShops(kind: (typeof storeKinds)[number]): (options?: Partial<SessionStoreOptions>) => ShopUnderTest {
  let server: RedisServer | undefined
  const opened: TransientStore[] = []

  beforeAll(async () => {
    if (kind === 'redis') server = await startRedis()
  }, 120_000)
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()))
  })
  afterAll(() => server?.stop())

  const connect = (): InspectableStore => {
    if (kind === 'memory') return createMemoryStore()
    if (kind === 'mock') return createMockStore()
    return createRedisStore((server as RedisServer).url)
  }

  return (options = {}) => {
    const room = `${randomUUID()}:`
    const first = connect()
    const second = kind === 'redis' ? connect() : first
    opened.push(first, second)
    const store = createFaultyStore(withPrefix(first, room))
    const otherStore = createFaultyStore(withPrefix(second, room))
    return shopOn(store, otherStore, options)
  }
}

export function shopOn(
  store: InspectableStore & Faults,
  otherStore: InspectableStore & Faults,
  options: Partial<SessionStoreOptions> = {},
): ShopUnderTest {
  const all: SessionStoreOptions = { secrets: secret, deadline: '30s', ...options }
  const sessions = createSessionStore<Shop>(store, all)
  return {
    store,
    sessions,
    otherStore,
    otherSessions: createSessionStore<Shop>(otherStore, all),
    async dump() {
      const found = new Map<string, string>()
      for await (const keys of otherStore.scan('')) {
        for (const key of keys) found.set(key, Buffer.from((await otherStore.get(key)) ?? []).toString('latin1'))
      }
      return found
    },
    async begin(data) {
      const session = await sessions.load()
      Object.assign(session.data, data)
      await session.commit()
      store.calls.clear()
      return session.token as string
    },
    async find(token) {
      const session = await sessions.load(token)
      return session.isNew ? undefined : { ...session.data }
    },
  }
}
