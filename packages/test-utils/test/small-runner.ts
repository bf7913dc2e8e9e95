import type { TestRunner } from '@transient/test-utils/conformance'

/** A test runner that collects, so that a test can run the tests of a suite one by one. */
export interface SmallRunner extends TestRunner {
  readonly names: readonly string[]
  /** What the test failed with; `undefined` if it passed. */
  failure(name: string): Promise<Error | undefined>
}

export function createSmallRunner(): SmallRunner {
  const path: string[] = []
  const tests = new Map<string, () => Promise<void>>()
  return {
    describe(name, body) {
      path.push(name)
      body()
      path.pop()
    },
    it(name, test) {
      const full = [...path.slice(1), name].join(' > ')
      if (tests.has(full)) throw new Error(`two tests are named ${full}`)
      tests.set(full, test)
    },
    get names() {
      return [...tests.keys()]
    },
    async failure(name) {
      const test = tests.get(name)
      if (test === undefined) throw new Error(`there is no test ${name}`)
      try {
        await test()
        return undefined
      } catch (error) {
        return error as Error
      }
    },
  }
}
