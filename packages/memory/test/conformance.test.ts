import { createMemoryStore, type MemoryStoreOptions } from '@transient/memory'
import { runStoreConformance, type StoreHarness } from '@transient/test-utils/conformance'
import { describe, it } from 'vitest'
import { handClock } from './hand-clock.ts'

const shared = { atomicity: 'process', inspectable: true, watchable: true, outage: false } as const

function withFakeClock(options: MemoryStoreOptions): Pick<StoreHarness, 'clock' | 'create'> {
  return {
    clock: 'fake',
    async create() {
      const { now, advance } = handClock()
      const store = createMemoryStore({ ...options, now })
      return { store, advance, dispose: () => store.close() }
    },
  }
}

runStoreConformance({ describe, it }, { name: 'memory store', ...shared, ...withFakeClock({}) })

const maxValueBytes = 8_000_000
runStoreConformance(
  { describe, it },
  { name: 'memory store with a limit for values', ...shared, maxValueBytes, ...withFakeClock({ maxValueBytes }) },
)

runStoreConformance(
  { describe, it },
  {
    name: 'memory store on the real clock',
    ...shared,
    clock: 'real',
    async create() {
      const store = createMemoryStore()
      return { store, dispose: () => store.close() }
    },
  },
)
