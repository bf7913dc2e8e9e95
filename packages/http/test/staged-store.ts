import type { InspectableStore, TransientErrorCode } from '@transient/core/store'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore, type FaultVerb } from '@transient/test-utils/faults'

export interface Gate {
  /** Resolves when a call stands at the gate. */
  readonly arrived: Promise<void>
  open(): void
}

/** A memory store that writes down its calls, and holds or fails those it is told to. */
export interface StagedStore {
  readonly store: InspectableStore
  readonly calls: string[]
  /** Calls of the verb wait until the gate is opened. */
  hold(verb: FaultVerb): Gate
  /** All calls fail until `recover`. */
  fail(code: TransientErrorCode): void
  recover(): void
}

const times = Number.POSITIVE_INFINITY

export function createStagedStore(): StagedStore {
  const calls: string[] = []
  const store = createFaultyStore(createMemoryStore(), { onCall: (verb) => calls.push(verb) })
  return {
    store,
    calls,
    hold: (verb) => {
      const gate = store.hold(verb, { times })
      return { arrived: gate.arrived, open: () => gate.release() }
    },
    fail: (code) => store.fail('*', { code, times }),
    recover: () => store.recover(),
  }
}
