export { flushTestDatabase, type TestDatabaseOptions } from './lib/fixtures/flush-test-database.ts'
export { findRedisServer } from './lib/redis/find-redis-server.ts'
export type { MonitoredCommand, RedisMonitor } from './lib/redis/redis-monitor.ts'
export { type RedisServer, type StartRedisOptions, startRedis } from './lib/redis/redis-server.ts'
