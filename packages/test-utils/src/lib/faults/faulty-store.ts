import {
  type CompareAndSetOptions,
  checkCompareAndSet,
  checkDelta,
  checkEntries,
  checkKey,
  checkKeys,
  checkListener,
  checkTtl,
  checkValue,
  type Decorated,
  decorateStore,
  type InspectableStore,
  isInspectable,
  isWatchable,
  type Milliseconds,
  type TransientStore,
} from '@transient/core/store'
import type { FaultGate } from './fault-gate.ts'
import { createFaultPlan, type Fault, type FaultPlace } from './fault-plan.ts'
import type { FaultVerb } from './fault-verb.ts'
import { createStoreCalls, type StoreCalls } from './store-calls.ts'

/** Options of {@link createFaultyStore}. */
export interface FaultyStoreOptions {
  /** Told of each call when it arrives, before any fault. Default: nobody. */
  readonly onCall?: (verb: FaultVerb, keys: readonly string[]) => void
}

/** The strings by which a test pulls. `'*'` stands for every verb. */
export interface Faults {
  /** Makes calls reject. */
  fail(verb: FaultVerb | '*', fault?: Fault): void
  /** Holds calls back until the gate is released. */
  hold(verb: FaultVerb | '*', place?: FaultPlace): FaultGate
  /** Makes calls take longer, by a real timer. Where an order matters, use a gate. */
  delay(verb: FaultVerb | '*', span: Milliseconds, place?: FaultPlace): void
  /** Forgets all faults that were staged and releases all gates. */
  recover(): void
  readonly calls: StoreCalls
}

/**
 * A decorator that fails, delays or holds calls as a test stages it, and keeps a list of the calls. Without a fault it
 * is the store it wraps, with the same abilities: misuse, a closed store and empty batches are what they always are.
 *
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createMemoryStore } from '@transient/memory'
 * import { createFaultyStore } from '@transient/test-utils/faults'
 *
 * const faulty = createFaultyStore(createMemoryStore())
 * faulty.fail('set', { code: 'timeout', at: 'after' })
 * await assert.rejects(faulty.set('key', new Uint8Array([1]), 60_000), { code: 'timeout', applied: 'unknown' })
 * assert.deepEqual(await faulty.get('key'), new Uint8Array([1]))
 * ```
 */
export function createFaultyStore<Store extends TransientStore>(
  store: Store,
  options: FaultyStoreOptions = {},
): Decorated<Store> & Faults {
  const plan = createFaultPlan()
  const calls = createStoreCalls()
  let closing: Promise<void> | undefined

  async function run<T>(verb: FaultVerb, keys: readonly string[], work: () => Promise<T>): Promise<T> {
    // A closed store is closed before anything else can go wrong with it, and an empty batch has no I/O to fail.
    if (closing !== undefined || (keys.length === 0 && verb !== 'flush')) return work()
    const call = { verb, keys: [...keys] }
    calls.add(call)
    options.onCall?.(verb, call.keys)
    await plan.meet(call, 'before')
    const answer = await work()
    await plan.meet(call, 'after')
    return answer
  }

  async function* scan(prefix: string): AsyncGenerator<readonly string[]> {
    checkKey(prefix)
    const source = store as TransientStore as InspectableStore
    await run('scan', [prefix], async () => {})
    yield* source.scan(prefix)
  }

  const faulty = decorateStore<Store>(
    store,
    {
      async get(key, getOptions) {
        checkKey(key)
        if (getOptions?.touch !== undefined) checkTtl(getOptions.touch, 'touch')
        return run('get', [key], () => store.get(key, getOptions))
      },
      async getMany(keys) {
        checkKeys(keys)
        return run('getMany', keys, () => store.getMany(keys))
      },
      async set(key, value, ttl) {
        checkKey(key)
        checkValue(value)
        checkTtl(ttl)
        // Copied in now: the caller may change the value while the call is held.
        const copy = value.slice()
        return run('set', [key], () => store.set(key, copy, ttl))
      },
      async setMany(entries) {
        checkEntries(entries)
        const copies = entries.map((entry) => ({ ...entry, value: entry.value.slice() }))
        const keys = copies.map((entry) => entry.key)
        return run('setMany', keys, () => store.setMany(copies))
      },
      async delete(keys) {
        if (typeof keys === 'string') checkKey(keys)
        else checkKeys(keys)
        return run('delete', typeof keys === 'string' ? [keys] : keys, () => store.delete(keys))
      },
      async touch(key, ttl) {
        checkKey(key)
        checkTtl(ttl)
        return run('touch', [key], () => store.touch(key, ttl))
      },
      async ttl(keys) {
        checkKeys(keys)
        return run('ttl', keys, () => store.ttl(keys))
      },
      async take(key) {
        checkKey(key)
        return run('take', [key], () => store.take(key))
      },
      async compareAndSet(
        key: string,
        expected: Uint8Array | null,
        next: Uint8Array | null,
        ttl?: Milliseconds | 'keep',
        casOptions?: CompareAndSetOptions,
      ) {
        checkCompareAndSet(key, expected, next, ttl, casOptions)
        const copies = [expected?.slice() ?? null, next?.slice() ?? null] as [Uint8Array, Uint8Array]
        return run('compareAndSet', [key], () => store.compareAndSet(key, ...copies, ttl as Milliseconds, casOptions))
      },
      async increment(key, delta, ttl) {
        checkKey(key)
        checkDelta(delta)
        checkTtl(ttl)
        return run('increment', [key], () => store.increment(key, delta, ttl))
      },
    },
    {
      scan,
      flush: async () => run('flush', [], async () => (isInspectable(store) ? store.flush() : undefined)),
      async watch(prefix, listener) {
        checkKey(prefix)
        checkListener(listener)
        if (!isWatchable(store)) throw new TypeError('unreachable: only a watchable store is given watch')
        return run('watch', [prefix], () => store.watch(prefix, listener))
      },
    },
  )

  function close(): Promise<void> {
    closing ??= store.close()
    return closing
  }

  return Object.assign(faulty, {
    close,
    [Symbol.asyncDispose]: close,
    fail: (verb: FaultVerb | '*', fault: Fault = {}) => plan.fail(verb, fault),
    hold: (verb: FaultVerb | '*', place: FaultPlace = {}) => plan.hold(verb, place),
    delay: (verb: FaultVerb | '*', span: Milliseconds, place: FaultPlace = {}) => plan.delay(verb, span, place),
    recover: () => plan.clear(),
    calls,
  })
}
