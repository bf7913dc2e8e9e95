import { randomUUID } from 'node:crypto'
import type { InspectableStore } from '@transient/core/store'
import { createRedisStore, type RedisStoreOptions } from '@transient/redis'
import type { Redis } from 'ioredis'
import IoredisMock from 'ioredis-mock'
import { armour } from './armour.ts'

/** Options of {@link createMockStore}: those of the Redis store that do not concern a connection. */
export interface MockStoreOptions extends RedisStoreOptions {}

/**
 * The store of `@transient/redis` over ioredis-mock: for tests, without a server. Each call makes a storage of its own.
 *
 * It keeps the whole contract, binary values and hostile keys included. Time is `Date.now`, so fake timers move it.
 * `getRedis(store)` gives the ioredis-mock client, whose data the store shares. What a server does beyond the store's own
 * commands is up to ioredis-mock; through `callBuffer` on that client, a command the store does not use is `unsupported`.
 */
export function createMockStore(options: MockStoreOptions = {}): InspectableStore {
  // Clients of ioredis-mock with the same address share their data.
  const client: Redis = new IoredisMock({ host: `transient-${randomUUID()}` })
  return createRedisStore(armour(client), options)
}
