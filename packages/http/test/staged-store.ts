import { type InspectableStore, TransientError, type TransientErrorCode } from '@transient/core/store'
import { createMemoryStore } from '@transient/memory'

export interface Gate {
  /** Resolves when a call stands at the gate. */
  readonly arrived: Promise<void>
  open(): void
}

/** A memory store that writes down its calls, and holds or fails those it is told to. */
export interface StagedStore {
  readonly store: InspectableStore
  readonly calls: string[]
  /** The next calls of the verb wait until the gate is opened. */
  hold(verb: 'get' | 'compareAndSet' | 'take'): Gate
  /** All calls fail until `recover`. */
  fail(code: TransientErrorCode): void
  recover(): void
}

export function createStagedStore(): StagedStore {
  const inner = createMemoryStore()
  const calls: string[] = []
  const gates = new Map<string, { pass: Promise<void>; arrive: () => void }>()
  let failing: TransientErrorCode | undefined

  const store = new Proxy(inner, {
    get: (target, name) => {
      const verb = Reflect.get(target, name) as unknown
      if (typeof verb !== 'function' || typeof name === 'symbol' || name === 'scan') return verb
      return async (...args: unknown[]) => {
        calls.push(name)
        const gate = gates.get(name)
        gate?.arrive()
        await gate?.pass
        if (failing !== undefined) throw new TransientError(failing, { operation: name })
        return (verb as (...args: unknown[]) => unknown).apply(target, args)
      }
    },
  })

  return {
    store,
    calls,
    hold: (verb) => {
      let open = () => {}
      let arrive = () => {}
      const arrived = new Promise<void>((resolve) => (arrive = resolve))
      const pass = new Promise<void>((resolve) => {
        open = () => {
          gates.delete(verb)
          resolve()
        }
      })
      gates.set(verb, { pass, arrive })
      return { arrived, open }
    },
    fail: (code) => {
      failing = code
    },
    recover: () => {
      failing = undefined
    },
  }
}
