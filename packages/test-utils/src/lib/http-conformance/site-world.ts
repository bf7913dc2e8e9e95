import { createSessionStore } from '@transient/core'
import type { InspectableStore, Milliseconds } from '@transient/core/store'
import { createFaultyStore } from '../faults/faulty-store.ts'
import { createMeetings } from './meetings.ts'
import { createRoutes } from './routes.ts'
import type { OpenFrontEnd, OpenSite } from './site.ts'
import type { SiteData } from './site-data.ts'
import type { HttpWorld, WorldGate } from './world.ts'

/** An empty store for the sites of one test. */
export interface WorldStore {
  readonly store: InspectableStore
  /** The commands that reached the server since the last `forgetCommands`. */
  commands?(): Promise<readonly string[]>
  forgetCommands?(): Promise<void>
  /** Moves the store's clock, if it is a fake one. */
  advance?(span: Milliseconds): void
  /** Ends what was begun for this test. Default: the store is closed. */
  dispose?(): Promise<void>
}

const secret = 'the secret of the reference site, long enough'

/**
 * A world in this process: the front end's sites over a store.
 *
 * ```ts
 * import { createMemoryStore } from '@transient/memory'
 * import { createSiteWorld, type OpenFrontEnd } from '@transient/test-utils/http-conformance'
 *
 * const openSite: OpenFrontEnd = async () => ({ origin: 'http://127.0.0.1:1', stop: async () => {} }) // your front end here
 * const world = await createSiteWorld(openSite, async () => ({ store: createMemoryStore() }))
 * await world.dispose()
 * ```
 */
export async function createSiteWorld(
  openFrontEnd: OpenFrontEnd,
  createStore: () => Promise<WorldStore>,
): Promise<HttpWorld> {
  const below = await createStore()
  const store = createFaultyStore(below.store)
  const meetings = createMeetings()
  const sites: OpenSite[] = []
  let ahead = 0

  return {
    async open(settings = {}) {
      const sessions = createSessionStore<SiteData>(store, {
        secrets: secret,
        // A busy machine is no fault; tests of the deadline have one of their own.
        deadline: '10s',
        ...settings.sessions,
        now: () => Date.now() + ahead,
      })
      const { trustedOrigins, options: { trustProxy } = {} } = settings
      const site = await openFrontEnd({
        sessions,
        options: { cookie: { secure: false }, ...settings.options },
        csrf: { ...(trustedOrigins && { trustedOrigins }), ...(trustProxy && { trustProxy }) },
        routes: createRoutes(sessions, meetings),
      })
      sites.push(site)
      return site
    },
    async hold(verb, place) {
      const gate = store.hold(verb, place)
      return {
        arrived: async (count = 1) => {
          await gate.arrived
          if (gate.count < count) throw new Error('a gate of the store tells of its first call only')
        },
        release: async () => gate.release(),
      }
    },
    fail: async (verb, fault) => store.fail(verb, fault),
    recover: async () => store.recover(),
    meet: async (place): Promise<WorldGate> => meetings.open(place),
    calls: async () => store.calls.list().map(({ verb }) => verb),
    commands: async () => below.commands?.(),
    async forgetCalls() {
      store.calls.clear()
      await below.forgetCommands?.()
    },
    async overwrite(bytes) {
      let count = 0
      for await (const keys of below.store.scan('')) {
        for (const key of keys) {
          count += 1
          if (bytes === null) await below.store.delete(key)
          else await below.store.set(key, new Uint8Array(bytes), 60_000)
        }
      }
      return count
    },
    async dump() {
      const texts: string[] = []
      for await (const keys of below.store.scan('')) {
        for (const key of keys) texts.push(key, Buffer.from((await below.store.get(key)) ?? []).toString('latin1'))
      }
      return texts
    },
    async advance(span) {
      ahead += span
      below.advance?.(span)
    },
    async dispose() {
      meetings.close()
      store.recover()
      await Promise.all(sites.map((site) => site.stop()))
      await (below.dispose === undefined ? below.store.close() : below.dispose())
    },
  }
}
