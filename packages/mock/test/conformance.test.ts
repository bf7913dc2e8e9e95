import { createMockStore } from '@transient/mock'
import { createRedisStore, getRedis } from '@transient/redis'
import { runStoreConformance, type StoreHarness } from '@transient/test-utils/conformance'
import { describe, it, vi } from 'vitest'

const harness = {
  atomicity: 'shared',
  inspectable: true,
  watchable: false,
  outage: false,
  maxValueBytes: 6 * 1024 * 1024,
} satisfies Partial<StoreHarness>

function create() {
  const limits = { maxValueBytes: harness.maxValueBytes }
  const store = createMockStore(limits)
  return { store, peer: async () => createRedisStore(getRedis(store), limits), dispose: () => store.close() }
}

runStoreConformance({ describe, it }, { ...harness, name: 'a mock store', clock: 'real', create: async () => create() })

runStoreConformance(
  { describe, it },
  {
    ...harness,
    name: 'a mock store on fake timers',
    clock: 'fake',
    async create() {
      vi.useFakeTimers({ toFake: ['Date'] })
      const made = create()
      return {
        ...made,
        advance: (span) => void vi.setSystemTime(Date.now() + span),
        async dispose() {
          await made.dispose()
          vi.useRealTimers()
        },
      }
    },
  },
)
