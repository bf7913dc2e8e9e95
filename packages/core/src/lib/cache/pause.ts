import { isWatchable, type Milliseconds, type StoreChange, type TransientStore } from '../store/transient-store.ts'

/** How those wait who want a value that another process is loading. */
export interface Pause {
  /** Resolves when the key may have changed, at the latest after a short while; `attempt`: how often the caller has waited. */
  wait(valueKey: string, attempt: number): Promise<void>
  /** The key has changed. */
  wake(valueKey: string): void
  close(): Promise<void>
}

const shortest: Milliseconds = 4
const longestPoll: Milliseconds = 50
/** Where the store tells of changes only the end of a dead holder's lease has to be looked for. */
const longestWatch: Milliseconds = 250

interface Waiting {
  readonly promise: Promise<void>
  readonly end: () => void
}

/** Listens to a store of this process alone, which costs nothing; asks others again and again, by a random time apart. */
export function createPause(store: TransientStore, prefix: string): Pause {
  const waiting = new Map<string, Waiting>()
  const isNear = store.atomicity === 'process' && isWatchable(store)
  let watch: Promise<AsyncDisposable | undefined> | undefined

  const wake = (valueKey: string): void => waiting.get(valueKey)?.end()

  const onChange = (change: StoreChange): void => {
    for (const key of change.type === 'gap' ? [...waiting.keys()] : change.keys) wake(key)
  }

  function begin(valueKey: string, attempt: number): Waiting {
    const most = isNear ? longestWatch : longestPoll
    const span = Math.min(shortest * 2 ** Math.min(attempt, 10), most) * (0.5 + Math.random() / 2)
    let end = () => {}
    const promise = new Promise<void>((resolve) => {
      const timer = setTimeout(() => end(), span)
      end = () => {
        clearTimeout(timer)
        waiting.delete(valueKey)
        resolve()
      }
    })
    return { promise, end: () => end() }
  }

  return {
    wait: (valueKey, attempt) => {
      // A store that does not want to tell is asked again and again like the others.
      if (isNear && isWatchable(store)) watch ??= store.watch(prefix, onChange).catch(() => undefined)
      let current = waiting.get(valueKey)
      if (current === undefined) {
        current = begin(valueKey, attempt)
        waiting.set(valueKey, current)
      }
      return current.promise
    },
    wake,
    close: async () => {
      for (const { end } of waiting.values()) end()
      await (await watch)?.[Symbol.asyncDispose]()
    },
  }
}
