export type { MemoryStoreOptions } from './lib/memory-options.ts'
export { createMemoryStore, type MemoryStore, type MemoryUsage } from './lib/memory-store.ts'
