import type { Milliseconds, TransientStore } from '@transient/core/store'

/** What the suite needs of a test runner. vitest, node:test, mocha and bun have these functions. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, test: () => Promise<void>) => unknown
}

/**
 * What a store is, and how to make one. Everything it says is checked: a store that has an ability its harness denies
 * fails, and so does one that lacks an ability its harness declares.
 */
export interface StoreHarness {
  /** Heads the names of the tests. */
  readonly name: string
  /** What the store's `atomicity` is. `'shared'` needs {@link StoreUnderTest.peer}. */
  readonly atomicity: TransientStore['atomicity']
  /** Whether the store can list and flush its keys. */
  readonly inspectable: boolean
  /** Whether the store reports changes. */
  readonly watchable: boolean
  /**
   * `'fake'`: {@link StoreUnderTest.advance} moves the store's clock, and nothing else does; expiry is tested to the millisecond.
   * `'real'`: the suite waits, a few hundredths of a second at a time.
   */
  readonly clock: 'fake' | 'real'
  /**
   * How much later than told the store may let a key expire, on its clock. Above 0 expiry is not tested to the millisecond.
   * Default: 0 on a fake clock, 15 on a real one.
   */
  readonly resolution?: Milliseconds
  /** Whether the storage can be taken away ({@link StoreUnderTest.outage}). */
  readonly outage: boolean
  /**
   * The longest value the store takes, at least 128 KiB. Give it for at least one configuration of a store that has a limit;
   * without it the suite stores values of 5 MB.
   */
  readonly maxValueBytes?: number
  /** A store with no keys in it. Called for each test, twice if it is needed twice. */
  create(): Promise<StoreUnderTest>
}

/** One store, for one test. */
export interface StoreUnderTest {
  readonly store: TransientStore
  /** Another client of the same data. Called several times in one test; the suite closes what it gets. */
  peer?(): Promise<TransientStore>
  /** Moves the store's fake clock. */
  advance?(span: Milliseconds): void | Promise<void>
  /** Takes the storage away from the store, and gives it back, with or without the data. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> }
  /** Ends all that `create` began. Also called when the test failed or closed the store itself. */
  dispose(): Promise<void>
}
