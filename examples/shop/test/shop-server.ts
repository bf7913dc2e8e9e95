import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessionStore, type InspectableStore, type TransientStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore, type FaultPlace, type Faults } from '@transient/test-utils/faults'
import { onTestFinished } from 'vitest'
import { openFront } from '../src/fronts/open-front.ts'
import type { FrontName } from '../src/settings.ts'
import { createShop } from '../src/shop.ts'
import { createUsers, type Users } from '../src/users.ts'
import type { Visit, VisitStore } from '../src/visit.ts'
import { createVisitor, type Visitor } from './visitor.ts'

export interface Storage {
  readonly sessions: VisitStore
  readonly store: TransientStore
  /** Passes this time, in milliseconds. */
  pass(time: number): void
  now(): number
}

/** Sessions of the tests, with a clock that stands still until it is told. */
export function createStorage(memory: (now: () => number) => TransientStore = memoryStore): Storage {
  let time = Date.now()
  const now = () => time
  const store = memory(now)
  const sessions = createSessionStore<Visit>(store, {
    secrets: 'a secret of the tests, long enough for anyone',
    idleTimeout: '2h',
    absoluteTimeout: '7d',
    now,
  })
  return { sessions, store, now, pass: (by) => void (time += by) }
}

function memoryStore(now: () => number): InspectableStore {
  return createMemoryStore({ now })
}

interface ListenOptions {
  readonly secure?: boolean
  readonly report?: (error: unknown) => void
  readonly users?: Users
}

/** A shop on one of its frameworks, until the test ends. */
export async function listen(
  front: FrontName,
  { sessions, store, now }: Storage,
  { secure = false, report = () => {}, users = createUsers(store) }: ListenOptions = {},
): Promise<string> {
  const shop = createShop({ sessions, users, secure, report, now })
  const server = createServer(await openFront(front, shop)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A shop whose storage can be watched, and made to fail. */
export async function openShop(front: FrontName, { secure = false } = {}) {
  const calls: string[] = []
  let memory: InspectableStore | undefined
  let faulty: ReturnType<typeof createFaultyStore> | undefined
  const storage = createStorage((now) => {
    memory = memoryStore(now)
    faulty = createFaultyStore(memory, { onCall: (verb) => calls.push(verb) })
    return faulty
  })
  const reports: unknown[] = []
  const origin = await listen(front, storage, { secure, report: (error) => reports.push(error) })
  const visitor: Visitor = createVisitor(origin)
  return {
    origin,
    visitor,
    reports,
    calls,
    pass: storage.pass,
    /** Of the whole storage, or of one verb. */
    fail: (verb: '*' | 'set' | 'compareAndSet') => faulty?.fail(verb, { times: Number.POSITIVE_INFINITY }),
    hold: (verb: 'get', place: FaultPlace) => (faulty as Faults).hold(verb, place),
    recover: () => faulty?.recover(),
    keys: async () => {
      const keys: string[] = []
      for await (const batch of (memory as InspectableStore).scan('')) keys.push(...batch)
      return keys
    },
  }
}
