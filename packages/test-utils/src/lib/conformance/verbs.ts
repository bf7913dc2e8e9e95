import { isInspectable, isWatchable, type TransientStore } from '@transient/core/store'
import { bytes } from './bytes.ts'
import { minute } from './lifetimes.ts'

/** One call of one verb, with arguments that are in order. */
export interface VerbCall {
  readonly operation: string
  readonly key: string | undefined
  readonly writes: boolean
  call(): Promise<unknown>
}

const key = 'key'
const value = bytes('value')

/** A call of each verb of the contract. */
export function everyVerb(store: TransientStore): readonly VerbCall[] {
  return [
    { operation: 'get', key, writes: false, call: () => store.get(key) },
    { operation: 'getMany', key: undefined, writes: false, call: () => store.getMany([key, 'other']) },
    { operation: 'set', key, writes: true, call: () => store.set(key, value, minute) },
    { operation: 'setMany', key: undefined, writes: true, call: () => store.setMany([{ key, value, ttl: minute }]) },
    { operation: 'delete', key: undefined, writes: true, call: () => store.delete([key, 'other']) },
    { operation: 'delete', key, writes: true, call: () => store.delete(key) },
    { operation: 'touch', key, writes: true, call: () => store.touch(key, minute) },
    { operation: 'ttl', key: undefined, writes: false, call: () => store.ttl([key, 'other']) },
    { operation: 'take', key, writes: true, call: () => store.take(key) },
    { operation: 'compareAndSet', key, writes: true, call: () => store.compareAndSet(key, null, value, minute) },
    { operation: 'compareAndSet', key, writes: true, call: () => store.compareAndSet(key, value, value, minute) },
    { operation: 'compareAndSet', key, writes: true, call: () => store.compareAndSet(key, value, null) },
    { operation: 'increment', key, writes: true, call: () => store.increment(key, 1, minute) },
  ]
}

/** A call of each ability that the store has. */
export function everyAbility(store: TransientStore): readonly Pick<VerbCall, 'operation' | 'call'>[] {
  const calls: Pick<VerbCall, 'operation' | 'call'>[] = []
  if (isInspectable(store)) {
    calls.push({ operation: 'scan', call: async () => store.scan('')[Symbol.asyncIterator]().next() })
    calls.push({ operation: 'flush', call: () => store.flush() })
  }
  if (isWatchable(store)) calls.push({ operation: 'watch', call: () => store.watch('', () => {}) })
  return calls
}

/** A call of each verb that takes a batch, with an empty one. */
export function everyEmptyBatch(store: TransientStore): readonly Pick<VerbCall, 'operation' | 'call'>[] {
  return [
    { operation: 'getMany', call: () => store.getMany([]) },
    { operation: 'setMany', call: () => store.setMany([]) },
    { operation: 'delete', call: () => store.delete([]) },
    { operation: 'ttl', call: () => store.ttl([]) },
  ]
}
