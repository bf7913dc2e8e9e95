import { createMemoryStore } from '@transient/memory'
import { createRedisStore } from '@transient/redis'
import { createSiteWorld, runHttpConformance } from '@transient/test-utils/http-conformance'
import { type RedisMonitor, type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, beforeAll, describe, it, vi } from 'vitest'
import { openFastifySite } from './conformance-site.ts'

let server: RedisServer
let monitor: RedisMonitor
beforeAll(async () => {
  server = await startRedis()
  monitor = await server.monitor()
})
afterAll(async () => {
  monitor.stop()
  await server.stop()
})

// The suite has a patience of its own, and says when it is over.
vi.setConfig({ testTimeout: 60_000 })

const runner = { describe, it }

runHttpConformance(runner, {
  name: 'Fastify over memory',
  create: () =>
    createSiteWorld(openFastifySite, async () => {
      let ahead = 0
      const store = createMemoryStore({ now: () => Date.now() + ahead })
      return { store, advance: (span) => void (ahead += span) }
    }),
})

runHttpConformance(runner, {
  name: 'Fastify over Redis',
  create: () =>
    createSiteWorld(openFastifySite, async () => {
      const store = createRedisStore(server.url)
      await store.flush()
      return {
        store,
        commands: async () => (await monitor.commands()).map(({ name }) => name),
        forgetCommands: () => monitor.clear(),
      }
    }),
})
