export { getRedis, type RedisClient } from './lib/redis-client.ts'
export type { RedisConnectionOptions, RedisStoreOptions } from './lib/redis-options.ts'
export { createRedisStore } from './lib/redis-store.ts'
