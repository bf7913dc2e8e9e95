export { createRedisTest, type RedisFixtures, type RedisTestOptions } from './lib/fixtures/redis-test.ts'
