export { runStoreConformance } from './lib/conformance/conformance-suite.ts'
export type { StoreHarness, StoreUnderTest, TestRunner } from './lib/conformance/store-harness.ts'
