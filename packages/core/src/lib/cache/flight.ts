/** One load in this process, for all who wait for it. */
export interface Flight {
  /** Callers with a smaller one came before it began, so it is theirs. */
  readonly order: number
  /** What the store shows as long as it counts; `undefined` until it has its place. */
  stamp: string | undefined
  readonly outcome: Promise<FlightOutcome>
  /** Nobody waits for it any more, and it is being given up. */
  isAborted: boolean
  /** Counts a caller as waiting; the function says that it waits no longer, and whether it gave up. */
  wait(): (gaveUp: boolean) => void
}

export type FlightOutcome =
  | { readonly state: 'loaded'; readonly value: unknown; readonly lateTagsSince: string | undefined }
  /** Another process has the right to load. */
  | { readonly state: 'lost' }
