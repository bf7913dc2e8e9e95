import { createMemoryStore } from '@transient/memory'
import { runStoreConformance } from '@transient/test-utils/conformance'
import { describe, it } from 'vitest'

const maxValueBytes = 6 * 1024 * 1024

runStoreConformance(
  { describe, it },
  {
    name: 'the memory store',
    atomicity: 'process',
    inspectable: true,
    watchable: true,
    clock: 'fake',
    outage: false,
    maxValueBytes,
    async create() {
      let now = 1000
      const store = createMemoryStore({ now: () => now, maxValueBytes })
      return { store, advance: (span) => void (now += span), dispose: () => store.close() }
    },
  },
)
