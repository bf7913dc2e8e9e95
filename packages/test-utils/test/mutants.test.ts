import type { TransientStore } from '@transient/core/store'
import { runStoreConformance, type StoreHarness } from '@transient/test-utils/conformance'
import { describe, expect, it } from 'vitest'
import { decidingMutants } from './mutants/deciding.ts'
import { livingMutants } from './mutants/living.ts'
import type { Mutant } from './mutants/mutant.ts'
import { readingMutants } from './mutants/reading.ts'
import { writingMutants } from './mutants/writing.ts'
import { createReferenceData, createReferenceStore, type ReferenceData, referenceLimit } from './reference-store.ts'
import { createSmallRunner, type SmallRunner } from './small-runner.ts'

const mutants = [...readingMutants, ...writingMutants, ...decidingMutants, ...livingMutants]

function harnessOf(make: (data: ReferenceData) => TransientStore): StoreHarness {
  return {
    name: 'the reference store',
    atomicity: 'shared',
    inspectable: true,
    watchable: true,
    clock: 'fake',
    outage: true,
    maxValueBytes: referenceLimit,
    async create() {
      const data = createReferenceData()
      const store = make(data)
      return {
        store,
        peer: async () => make(data),
        advance: (span) => void (data.now += span),
        outage: { begin: async () => void (data.out = true), end: async () => void (data.out = false) },
        dispose: async () => {
          data.entries.clear()
        },
      }
    },
  }
}

function broken(mutant: Mutant): (data: ReferenceData) => TransientStore {
  return (data) => {
    const store = createReferenceStore(data)
    return { ...store, ...mutant.breaks(store, data) }
  }
}

function suiteOf(make: (data: ReferenceData) => TransientStore): { runner: SmallRunner; names: readonly string[] } {
  const runner = createSmallRunner()
  const names = runStoreConformance(runner, harnessOf(make))
  return { runner, names }
}

describe('the suite on a correct store', () => {
  const { runner, names } = suiteOf(createReferenceStore)

  it('returns the names of its tests', () => {
    expect([...names].sort()).toEqual([...runner.names].sort())
    expect(names.length).toBeGreaterThan(400)
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

describe('the suite on a correct store with a clock that is late', () => {
  const late = (resolution: number): StoreHarness => {
    const harness = harnessOf(createReferenceStore)
    const create = async () => {
      const made = await harness.create()
      let lag = 5
      const advance = (span: number) => {
        void made.advance?.(Math.max(span - lag, 0))
        lag = Math.max(lag - span, 0)
      }
      return { ...made, advance }
    }
    return { ...harness, resolution, create }
  }
  const failures = async (harness: StoreHarness) => {
    const runner = createSmallRunner()
    const names = runStoreConformance(runner, harness).filter((name) => name.startsWith('expiry >'))
    const outcomes = await Promise.all(names.map((name) => runner.failure(name)))
    return outcomes.filter((failure) => failure !== undefined).map((failure) => failure.message)
  }

  it('passes where the harness says how late', async () => {
    expect(await failures(late(5))).toEqual([])
  })

  it('fails where it does not', async () => {
    expect((await failures(late(0))).length).toBeGreaterThan(5)
  })
})

describe('the suite on a runner that collects later, as vitest does', () => {
  it('returns the names all the same', () => {
    const { names } = suiteOf(createReferenceStore)
    const later = { describe: () => {}, it: () => {} }
    expect(runStoreConformance(later, harnessOf(createReferenceStore))).toEqual(names)
  })
})

describe('the suite on a broken store', () => {
  for (const mutant of mutants) {
    it(`finds that ${mutant.fault}`, { timeout: 20_000 }, async () => {
      const { runner } = suiteOf(broken(mutant))
      expect(await runner.failure(mutant.caughtBy)).toBeInstanceOf(Error)
    })
  }
})

describe('the suite on a harness that cannot end what it began', () => {
  const test = 'get > answers what was set, as often as it is asked'
  const failing = async (make: (data: ReferenceData) => TransientStore) => {
    const harness = harnessOf(make)
    const runner = createSmallRunner()
    const dispose = () => Promise.reject(new Error('no end'))
    runStoreConformance(runner, { ...harness, create: async () => ({ ...(await harness.create()), dispose }) })
    return runner.failure(test)
  }

  it('fails its tests', async () => {
    expect((await failing(createReferenceStore))?.message).toBe('no end')
  })

  it('still says what was wrong with the store', async () => {
    const forgetful = (data: ReferenceData) => ({ ...createReferenceStore(data), get: async () => undefined })
    expect((await failing(forgetful))?.message).toContain('expected 5 bytes')
  })
})

describe('the suite on a harness that says something else', () => {
  const denials: readonly [name: string, change: Partial<StoreHarness>, caughtBy: string][] = [
    [
      'denies that the store is inspectable',
      { inspectable: false },
      'abilities > is not inspectable, not even by half',
    ],
    ['denies that the store is watchable', { watchable: false }, 'abilities > is not watchable'],
    ['denies that the store is shared', { atomicity: 'process' }, 'abilities > says how far it is atomic'],
    ['claims a smaller limit', { maxValueBytes: 10 }, 'too large > set rejects, and the old value and its expiry stay'],
  ]
  for (const [name, change, caughtBy] of denials) {
    it(`fails one that ${name}`, async () => {
      const runner = createSmallRunner()
      runStoreConformance(runner, { ...harnessOf(createReferenceStore), ...change })
      expect(await runner.failure(caughtBy)).toBeInstanceOf(Error)
    })
  }

  it('has no tests for what a store cannot do', () => {
    const names = runStoreConformance(createSmallRunner(), {
      ...harnessOf(createReferenceStore),
      inspectable: false,
      watchable: false,
      outage: false,
      atomicity: 'process',
    })
    expect(names.filter((name) => /(^|> )(scan|flush|watch|outage|shared) >/.test(name))).toEqual([])
  })
})
