export { createMockStore, type MockStoreOptions } from './lib/mock-store.ts'
