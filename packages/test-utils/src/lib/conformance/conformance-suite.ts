import { withPrefix } from '@transient/core'
import { abilityTests } from './abilities.ts'
import { aliasingTests } from './aliasing.ts'
import { binaryTests } from './binary.ts'
import { closeTests } from './close.ts'
import { compareAndSetTests } from './compare-and-set.ts'
import { deleteTests } from './delete.ts'
import { expiryTests } from './expiry.ts'
import { flushTests } from './flush.ts'
import { getTests } from './get.ts'
import { getManyTests } from './get-many.ts'
import { hostileKeyTests } from './hostile-keys.ts'
import { incrementTests } from './increment.ts'
import { misuseTests } from './misuse.ts'
import { outageTests } from './outage.ts'
import { declarePrefixTests, hostilePrefix } from './prefixed.ts'
import { raceTests } from './races.ts'
import { scanTests } from './scan.ts'
import { setTests } from './set.ts'
import { setManyTests } from './set-many.ts'
import { sharedTests } from './shared.ts'
import { stampTests } from './stamp.ts'
import type { StoreHarness, TestRunner } from './store-harness.ts'
import { type View, withSubject } from './subject.ts'
import { takeTests } from './take.ts'
import type { TestGroup } from './test-group.ts'
import { tooLargeTests } from './too-large.ts'
import { touchTests } from './touch.ts'
import { ttlTests } from './ttl.ts'
import { watchTests } from './watch.ts'

const verbs: readonly TestGroup[] = [
  getTests,
  getManyTests,
  setTests,
  setManyTests,
  deleteTests,
  touchTests,
  ttlTests,
  takeTests,
  compareAndSetTests,
  stampTests,
  incrementTests,
  closeTests,
  scanTests,
  flushTests,
  watchTests,
]

const traits: readonly TestGroup[] = [
  abilityTests,
  expiryTests,
  hostileKeyTests,
  binaryTests,
  aliasingTests,
  misuseTests,
  tooLargeTests,
  raceTests,
  sharedTests,
  outageTests,
]

/**
 * Declares the tests that say what a store is: each sentence of the contract, for the store and, once more, for a part of
 * it under a prefix full of glob characters. Returns the names of the tests: `get > answers what was set`,
 * `prefixed > get > answers what was set`.
 *
 * ```ts
 * import { createMemoryStore } from '@transient/memory'
 * import { runStoreConformance } from '@transient/test-utils/conformance'
 * import { describe, it } from 'vitest'
 *
 * runStoreConformance({ describe, it }, {
 *   name: 'memory store',
 *   atomicity: 'process',
 *   inspectable: true,
 *   watchable: true,
 *   clock: 'fake',
 *   outage: false,
 *   async create() {
 *     let now = 1
 *     const store = createMemoryStore({ now: () => now })
 *     return { store, advance: (span) => void (now += span), dispose: () => store.close() }
 *   },
 * })
 * ```
 */
export function runStoreConformance(runner: TestRunner, harness: StoreHarness): readonly string[] {
  // Collected before the runner is told: some of them ask for the tests of a group much later.
  const whole = collectGroups(harness, (store) => store)
  const underPrefix: View = (store) => withPrefix(store, hostilePrefix)
  const part = collectGroups(harness, underPrefix)
  const partAlone = collectTests(declarePrefixTests, harness, underPrefix)

  void runner.describe(harness.name, () => {
    for (const group of whole) void runner.describe(group.name, () => declareTests(runner, group.tests))
    void runner.describe('prefixed', () => {
      for (const group of part) void runner.describe(group.name, () => declareTests(runner, group.tests))
      declareTests(runner, partAlone)
    })
  })
  return [
    ...namesOf(whole),
    ...namesOf(part).map((name) => `prefixed > ${name}`),
    ...partAlone.map(({ sentence }) => `prefixed > ${sentence}`),
  ]
}

interface ReadyTest {
  readonly sentence: string
  readonly run: () => Promise<void>
}

interface ReadyGroup {
  readonly name: string
  readonly tests: readonly ReadyTest[]
}

function collectGroups(harness: StoreHarness, view: View): readonly ReadyGroup[] {
  return [...verbs, ...traits]
    .map((group) => ({ name: group.name, tests: collectTests(group.declare, harness, view) }))
    .filter(({ tests }) => tests.length > 0)
}

function collectTests(declare: typeof declarePrefixTests, harness: StoreHarness, view: View): readonly ReadyTest[] {
  const tests: ReadyTest[] = []
  declare((sentence, test) => {
    tests.push({ sentence, run: () => withSubject(harness, view, test) })
  }, harness)
  return tests
}

function declareTests(runner: TestRunner, tests: readonly ReadyTest[]): void {
  for (const { sentence, run } of tests) void runner.it(sentence, run)
}

function namesOf(groups: readonly ReadyGroup[]): string[] {
  return groups.flatMap(({ name, tests }) => tests.map(({ sentence }) => `${name} > ${sentence}`))
}
