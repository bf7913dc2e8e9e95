/** A door that a test opens: what waits at it, and how many have come. */
export interface Gate<T = void> {
  /** Resolves when the door is open, or rejects with what it was opened with. */
  pass(): Promise<T>
  readonly arrived: Promise<void>
  readonly count: number
  open(value: T): void
  fail(error: unknown): void
}

export function createGate<T = void>(): Gate<T> {
  let count = 0
  let open: (value: T) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  let arrive = () => {}
  const passed = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  // A door that fails before anybody stands at it is not an error of the process.
  passed.catch(() => {})
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  return {
    pass: () => {
      count++
      arrive()
      return passed
    },
    arrived,
    get count() {
      return count
    },
    open: (value) => open(value),
    fail: (error) => fail(error),
  }
}
