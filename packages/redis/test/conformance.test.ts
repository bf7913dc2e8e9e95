import { createRedisStore } from '@transient/redis'
import { runStoreConformance, type StoreHarness } from '@transient/test-utils/conformance'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { afterAll, beforeAll, describe, it } from 'vitest'

const limits = { maxValueBytes: 6 * 1024 * 1024 }

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

const harness = {
  atomicity: 'shared',
  inspectable: true,
  watchable: true,
  clock: 'real',
  ...limits,
} satisfies Partial<StoreHarness>

runStoreConformance(
  { describe, it },
  {
    ...harness,
    name: 'a Redis store with a connection of its own',
    outage: true,
    async create() {
      const store = createRedisStore(server.url, limits)
      await store.flush()
      return {
        store,
        peer: async () => createRedisStore(server.url, limits),
        outage: { begin: () => server.kill(), end: () => server.restart() },
        dispose: () => store.close(),
      }
    },
  },
)

const clients = {
  5: (db: number) => new Redis5(server.url, { db }),
  6: (db: number) => new Redis(server.url, { db }),
}

for (const version of [5, 6] as const) {
  runStoreConformance(
    { describe, it },
    {
      ...harness,
      name: `a Redis store on a client of ioredis ${version}`,
      outage: false,
      async create() {
        const client = clients[version](version)
        const store = createRedisStore(client, limits)
        await store.flush()
        return {
          store,
          peer: async () => createRedisStore(client, limits),
          async dispose() {
            await store.close()
            await client.quit()
          },
        }
      },
    },
  )
}
