export { getRedis, type RedisClient, type TrackableClient } from './lib/redis-client.ts'
export type { RedisConnectionOptions, RedisStoreOptions } from './lib/redis-options.ts'
export { createRedisStore, type RedisStore } from './lib/redis-store.ts'
