import { createMemoryStore } from '@transient/memory'
import {
  createSiteWorld,
  type HttpHarness,
  type OpenFrontEnd,
  runHttpConformance,
} from '@transient/test-utils/http-conformance'
import { describe, expect, it } from 'vitest'
import { commitMutants } from './http-mutants/commit-mutants.ts'
import { cookieMutants } from './http-mutants/cookie-mutants.ts'
import { formMutants } from './http-mutants/form-mutants.ts'
import { sessionMutants } from './http-mutants/session-mutants.ts'
import { openWithSteps, referenceSteps } from './http-reference.ts'
import { createSmallRunner } from './small-runner.ts'

function harnessOf(openFrontEnd: OpenFrontEnd, patience: number): HttpHarness {
  return {
    name: 'the reference front end',
    patience,
    create: () =>
      createSiteWorld(openFrontEnd, async () => {
        let ahead = 0
        const store = createMemoryStore({ now: () => Date.now() + ahead })
        return { store, advance: (span) => void (ahead += span) }
      }),
  }
}

const correct: OpenFrontEnd = (site) => openWithSteps(site, referenceSteps)

describe('the HTTP suite on a correct front end', () => {
  const runner = createSmallRunner()
  const names = runHttpConformance(runner, harnessOf(correct, 20_000))

  it('returns the names of its tests', () => {
    expect([...names].sort()).toEqual([...runner.names].sort())
    expect(names.length).toBeGreaterThan(130)
  })

  // The whole suite in one test: on a busy machine it takes a few seconds.
  it('passes every test', { timeout: 60_000 }, async () => {
    const failures: string[] = []
    for (const name of names) {
      const failure = await runner.failure(name)
      if (failure !== undefined) failures.push(`${name}: ${failure.message}`)
    }
    expect(failures).toEqual([])
  })
})

describe('the HTTP suite on a front end', () => {
  const mutants = [...cookieMutants, ...commitMutants, ...formMutants, ...sessionMutants]

  it.each(mutants)('where $fault fails: $caughtBy', async ({ caughtBy, steps, site: change }) => {
    const broken: OpenFrontEnd = (site) => openWithSteps(change?.(site) ?? site, { ...referenceSteps, ...steps })
    const runner = createSmallRunner()
    runHttpConformance(runner, harnessOf(broken, 2000))
    const failure = await runner.failure(caughtBy)
    // By an assertion, or because what had to come did not: not by a mistake in the mutant.
    expect(`${failure?.name}: ${failure?.message}`).toMatch(/^AssertionError: |the test was not done after/)
  })
})
