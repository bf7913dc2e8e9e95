export { flushTestDatabase, type TestDatabaseOptions } from './lib/fixtures/flush-test-database.ts'
export { createRedisTest, type RedisFixtures, type RedisTestOptions } from './lib/fixtures/redis-test.ts'
