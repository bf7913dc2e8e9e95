export { runStoreConformance, type StoreHarness, type StoreUnderTest, type TestRunner } from './conformance.ts'
export {
  createFaultyStore,
  type Fault,
  type FaultGate,
  type FaultPlace,
  type Faults,
  type FaultVerb,
  type FaultyStoreOptions,
  type StoreCall,
  type StoreCalls,
} from './faults.ts'
export {
  findRedisServer,
  flushTestDatabase,
  type MonitoredCommand,
  type RedisMonitor,
  type RedisServer,
  type StartRedisOptions,
  startRedis,
  type TestDatabaseOptions,
} from './redis.ts'
