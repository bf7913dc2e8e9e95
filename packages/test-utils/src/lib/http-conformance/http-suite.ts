import type { TestRunner } from '../conformance/store-harness.ts'
import { answerTests } from './answers.ts'
import { beforeHeadersTests } from './before-headers.ts'
import { cacheTests } from './caches.ts'
import { cookieTests } from './cookies.ts'
import { costTests } from './cost.ts'
import { failureTests } from './failures.ts'
import { flashTests } from './flash.ts'
import { formTests } from './forms.ts'
import { type HttpTestGroup, withWorld } from './http-subject.ts'
import { lifetimeTests } from './lifetimes.ts'
import { proxyTests } from './proxies.ts'
import { raceTests } from './races.ts'
import { reasonTests } from './reasons.ts'
import { renewalTests } from './renewal.ts'
import { storeDownTests } from './store-down.ts'
import { userTests } from './users.ts'
import type { HttpHarness } from './world.ts'

const groups: readonly HttpTestGroup[] = [
  costTests,
  cookieTests,
  cacheTests,
  beforeHeadersTests,
  answerTests,
  failureTests,
  storeDownTests,
  reasonTests,
  lifetimeTests,
  renewalTests,
  userTests,
  raceTests,
  flashTests,
  formTests,
  proxyTests,
]

/**
 * Declares the tests that say what sessions over HTTP are, whatever the front end: the suite opens the reference site with it, and then speaks
 * HTTP only. Returns the names of the tests: `cost > a read is one command`.
 *
 * The model of a harness is `packages/http/test/conformance.test.ts`, of a front end's page `conformance-site.ts` beside it.
 */
export function runHttpConformance(runner: TestRunner, harness: HttpHarness): readonly string[] {
  // Collected before the runner is told: some of them ask for the tests of a group much later.
  const ready = groups.map(({ name, declare }) => {
    const tests: { sentence: string; run: () => Promise<void> }[] = []
    declare((sentence, test) => tests.push({ sentence, run: () => withWorld(harness, test) }))
    return { name, tests }
  })
  void runner.describe(harness.name, () => {
    for (const { name, tests } of ready) {
      void runner.describe(name, () => {
        for (const { sentence, run } of tests) void runner.it(sentence, run)
      })
    }
  })
  return ready.flatMap(({ name, tests }) => tests.map(({ sentence }) => `${name} > ${sentence}`))
}
