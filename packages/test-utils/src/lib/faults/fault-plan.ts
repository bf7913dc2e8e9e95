import { setTimeout as wait } from 'node:timers/promises'
import { checkTtl, type Milliseconds, misuse, TransientError, type TransientErrorCode } from '@transient/core/store'
import { createGate, type FaultGate } from './fault-gate.ts'
import { type FaultVerb, faultVerbs, writingVerbs } from './fault-verb.ts'
import type { StoreCall } from './store-calls.ts'

/** Which calls a fault is for. */
export interface FaultPlace {
  /** How many calls it is for, after which it is gone. `Infinity` for all. Default: 1; for `delay`, `Infinity`. */
  readonly times?: number
  /** Only calls about this key. Default: calls about whatever key. */
  readonly key?: string
  /**
   * `'before'`: the call has not reached the store below. `'after'`: it has, a write is applied, and the caller hears
   * of it late, or hears of an error instead. Default: `'before'`.
   */
  readonly at?: 'before' | 'after'
}

/** A staged failure. */
export interface Fault extends FaultPlace {
  /** The code of the `TransientError` that the caller gets. Default: `unavailable`. */
  readonly code?: TransientErrorCode
  /** An error to reject with instead, as it is. */
  readonly error?: Error
}

/** The faults that are still to come. */
export interface FaultPlan {
  fail(verb: FaultVerb | '*', fault: Fault): void
  hold(verb: FaultVerb | '*', place: FaultPlace): FaultGate
  delay(verb: FaultVerb | '*', span: Milliseconds, place: FaultPlace): void
  clear(): void
  /** Waits or throws, as is staged for this call. */
  meet(call: StoreCall, at: 'before' | 'after'): Promise<void>
}

interface Staged {
  readonly verb: FaultVerb | '*'
  readonly key: string | undefined
  readonly at: 'before' | 'after'
  left: number
  act(call: StoreCall): Promise<void> | void
}

export function createFaultPlan(): FaultPlan {
  let stages: Staged[] = []
  const gates = new Set<FaultGate>()

  function stage(verb: FaultVerb | '*', place: FaultPlace, times: number, act: Staged['act']): void {
    if (verb !== '*' && !faultVerbs.includes(verb))
      throw misuse(new TypeError(`there is no verb ${JSON.stringify(verb)}`))
    const left = place.times ?? times
    checkTtl(left, 'times')
    stages = [...stages, { verb, key: place.key, at: place.at ?? 'before', left, act }]
  }

  return {
    fail(verb, fault) {
      stage(verb, fault, 1, (call) => {
        throw fault.error ?? errorFor(call, fault)
      })
    },
    hold(verb, place) {
      const gate = createGate()
      gates.add(gate)
      stage(verb, place, 1, () => gate.pass())
      return gate
    },
    delay(verb, span, place) {
      checkTtl(span, 'delay')
      stage(verb, place, Number.POSITIVE_INFINITY, () => wait(span))
    },
    clear() {
      stages = []
      for (const gate of gates) gate.release()
      gates.clear()
    },
    async meet(call, at) {
      // All that is staged for a call happens to it, in the order it was staged, up to the first error.
      for (const stage of stages) {
        if (stage.at !== at || (stage.verb !== '*' && stage.verb !== call.verb)) continue
        if (stage.left <= 0 || (stage.key !== undefined && !call.keys.includes(stage.key))) continue
        stage.left -= 1
        if (stage.left === 0) stages = stages.filter((other) => other !== stage)
        await stage.act(call)
      }
    },
  }
}

function errorFor(call: StoreCall, fault: Fault): TransientError {
  const code = fault.code ?? 'unavailable'
  // A caller who hears of a time-out cannot know; neither can one whose connection ended after the write.
  const unsure = fault.at === 'after' || code === 'timeout'
  return new TransientError(code, {
    operation: call.verb,
    key: singleKey(call),
    applied: writingVerbs.has(call.verb) ? (unsure ? 'unknown' : 'no') : undefined,
    message: 'a fault that the test staged',
  })
}

function singleKey(call: StoreCall): string | undefined {
  return call.verb === 'getMany' || call.verb === 'setMany' || call.verb === 'ttl' || call.keys.length !== 1
    ? undefined
    : call.keys[0]
}
