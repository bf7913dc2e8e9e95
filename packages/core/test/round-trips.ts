import type { TransientStore } from '@transient/core/store'

/** How often a store was asked, and how often its answer was waited for: calls of one turn travel together. */
export interface RoundTrips {
  readonly store: TransientStore
  /** What the work cost. */
  of(work: () => Promise<unknown>): Promise<{ calls: string[]; trips: number }>
}

/** A store that answers in a later turn, as one at the end of a wire does. */
export function countRoundTrips(store: TransientStore): RoundTrips {
  let calls: string[] = []
  let trips = 0
  let isOpen = false

  const counted =
    <Args extends unknown[], Answer>(verb: string, call: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      calls.push(verb)
      if (!isOpen) {
        isOpen = true
        trips += 1
        setImmediate(() => (isOpen = false))
      }
      const answer = await call(...args)
      await new Promise(setImmediate)
      return answer
    }

  return {
    store: {
      atomicity: store.atomicity,
      close: store.close,
      [Symbol.asyncDispose]: store.close,
      get: counted('get', store.get),
      getMany: counted('getMany', store.getMany),
      set: counted('set', store.set),
      setMany: counted('setMany', store.setMany),
      delete: counted('delete', store.delete),
      touch: counted('touch', store.touch),
      ttl: counted('ttl', store.ttl),
      take: counted('take', store.take),
      compareAndSet: counted('compareAndSet', store.compareAndSet as never) as TransientStore['compareAndSet'],
      increment: counted('increment', store.increment),
    },
    async of(work) {
      calls = []
      trips = 0
      await work()
      return { calls, trips }
    },
  }
}
