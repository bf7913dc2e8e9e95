import type { StoreHarness } from './store-harness.ts'
import type { Subject } from './subject.ts'

/** Declares one test of a group; the name is a sentence. */
export type DeclareTest = (sentence: string, test: (subject: Subject) => Promise<void>) => void

/** The tests of one verb or one trait. What a store can do decides which tests there are, never whether one is skipped. */
export interface TestGroup {
  readonly name: string
  readonly declare: (it: DeclareTest, harness: StoreHarness) => void
}
