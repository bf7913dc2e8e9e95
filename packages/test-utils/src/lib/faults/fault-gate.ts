/** Holds calls back until the test lets them go: what makes a race certain instead of likely. */
export interface FaultGate {
  /** Resolves when the first call stands at the gate. */
  readonly arrived: Promise<void>
  /** How many calls came so far. */
  readonly count: number
  /** Lets go what waits, and everything that comes later. */
  release(): void
}

export interface OpenableGate extends FaultGate {
  pass(): Promise<void>
}

export function createGate(): OpenableGate {
  let count = 0
  let arrive = (): void => {}
  let open = (): void => {}
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const opened = new Promise<void>((resolve) => (open = resolve))
  return {
    arrived,
    get count() {
      return count
    },
    release: () => open(),
    pass() {
      count += 1
      arrive()
      return opened
    },
  }
}
