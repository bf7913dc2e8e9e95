import type { FaultVerb } from './fault-verb.ts'

/** One call that reached the faulty store. */
export interface StoreCall {
  readonly verb: FaultVerb
  /** The key or keys it is about; the prefix of a `scan` or `watch`. */
  readonly keys: readonly string[]
}

/** The calls a store was asked for, misuse and empty batches left out: those cost nothing. */
export interface StoreCalls {
  add(call: StoreCall): void
  list(verb?: FaultVerb): readonly StoreCall[]
  count(verb?: FaultVerb): number
  clear(): void
}

export function createStoreCalls(): StoreCalls {
  let calls: StoreCall[] = []
  const list = (verb?: FaultVerb) => calls.filter((call) => verb === undefined || call.verb === verb)
  return {
    add: (call) => void calls.push(call),
    list,
    count: (verb) => list(verb).length,
    clear() {
      calls = []
    },
  }
}
