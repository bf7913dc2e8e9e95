import { type Bound, createDeadlineTimer } from '../store/deadline-timer.ts'
import { forwardCompareAndSet } from '../store/decorate-store.ts'
import { TransientError } from '../store/errors.ts'
import type {
  CompareAndSetOptions,
  GetOptions,
  Milliseconds,
  StoreEntry,
  TransientStore,
} from '../store/transient-store.ts'
import type { RecordCodec } from './record-codec.ts'

/**
 * The part of a store that holds the sessions, by hashed id: the verbs that sessions need, each with the prefix in front of the id and
 * answered within the deadline. `withPrefix` and `withDeadline` would do the same, for the other verbs too, in two steps more.
 */
export interface SessionKeyspace {
  get(id: string, options?: GetOptions): Promise<Uint8Array | undefined>
  set(id: string, value: Uint8Array, ttl: Milliseconds): Promise<void>
  setMany(entries: readonly StoreEntry[]): Promise<void>
  delete(id: string): Promise<number>
  ttl(ids: readonly string[]): Promise<(Milliseconds | undefined)[]>
  take(id: string): Promise<Uint8Array | undefined>

  compareAndSet(
    id: string,
    expected: Uint8Array | null,
    next: Uint8Array | null,
    ttl?: Milliseconds,
    options?: CompareAndSetOptions,
  ): Promise<boolean>
  /** How what is read and written here is to be understood. */
  readonly records: RecordCodec
  /** Bounds work of several commands by the same deadline. */
  readonly bound: Bound
}

export function createSessionKeyspace(
  store: TransientStore,
  prefix: string,
  deadline: Milliseconds,
  records: RecordCodec,
): SessionKeyspace {
  const bound = createDeadlineTimer(deadline)
  const call = <T>(operation: string, key: string | undefined, work: Promise<T>) =>
    bound(work, () => new TransientError('timeout', { operation, key, applied: 'unknown' }))
  return {
    get: (id, options) => call('get', prefix + id, store.get(prefix + id, options)),
    set: (id, value, ttl) => call('set', prefix + id, store.set(prefix + id, value, ttl)),
    setMany: (entries) =>
      call('setMany', undefined, store.setMany(entries.map(({ key, ...rest }) => ({ ...rest, key: prefix + key })))),
    ttl: (ids) => call('ttl', undefined, store.ttl(ids.map((id) => prefix + id))),
    delete: (id) => call('delete', prefix + id, store.delete(prefix + id)),
    take: (id) => call('take', prefix + id, store.take(prefix + id)),
    compareAndSet: (id, ...rest) =>
      call('compareAndSet', prefix + id, forwardCompareAndSet(store, prefix + id, ...rest)),
    records,
    bound,
  }
}
