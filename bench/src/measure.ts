import { type Spread, spreadOf } from './statistics.ts'

/** What one stretch of work took. */
export interface Sample {
  readonly operations: number
  readonly nanoseconds: number
  /** What the server spent on it, where that is metered. */
  readonly serverMicroseconds?: number
}

/** Somebody who does the same work in their own way, as often as asked. */
export interface Contender {
  sample(operations: number): Promise<Sample>
  stop(): Promise<void>
}

export interface Plan {
  /** How often both contenders are started afresh. */
  readonly rounds: number
  /** Pairs of samples per round. */
  readonly pairs: number
  /** About how long a sample takes, in milliseconds. */
  readonly sampleTime: number
  /** How long each contender works before it is measured, in milliseconds at least. */
  readonly warmUpTime: number
}

export interface Pair {
  readonly ours: Sample
  readonly theirs: Sample
}

export interface Match {
  ours(): Promise<Contender>
  theirs(): Promise<Contender>
  /** Put around each measured sample, to add what else it took. */
  meter?(sample: () => Promise<Sample>): Promise<Sample>
  /** Called once, after the last measured pair, while both contenders still stand. */
  afterwards?(ours: Contender, theirs: Contender): Promise<void>
}

/**
 * Measures two contenders in pairs, each pair in the other order than the one before it, so that what changes on the machine
 * meanwhile meets both. Both do the same number of operations. Each round starts them afresh: how a
 * process happens to be compiled and laid out is part of the spread and not of the result.
 */
export async function measurePairs(plan: Plan, match: Match): Promise<readonly Pair[]> {
  const measured: Pair[] = []
  for (let round = 0; round < plan.rounds; round += 1) {
    const theirs = await match.theirs()
    try {
      const ours = await match.ours()
      try {
        await warmUp(ours, plan)
        const operations = await warmUp(theirs, plan)
        for (let pair = 0; pair < plan.pairs; pair += 1)
          measured.push(await samplePair(ours, theirs, operations, measured.length % 2 === 0, match.meter))
        if (round === plan.rounds - 1) await match.afterwards?.(ours, theirs)
      } finally {
        await ours.stop()
      }
    } finally {
      await theirs.stop()
    }
  }
  return measured
}

async function samplePair(
  ours: Contender,
  theirs: Contender,
  operations: number,
  oursFirst: boolean,
  meter: Match['meter'] = (sample) => sample(),
): Promise<Pair> {
  const sample = (contender: Contender): Promise<Sample> => meter(() => contender.sample(operations))
  if (oursFirst) return { ours: await sample(ours), theirs: await sample(theirs) }
  const first = await sample(theirs)
  return { ours: await sample(ours), theirs: first }
}

/** Runs the contender warm, and finds how many operations of it fill a sample. */
export async function warmUp(
  contender: Pick<Contender, 'sample'>,
  { warmUpTime, sampleTime }: Pick<Plan, 'warmUpTime' | 'sampleTime'>,
): Promise<number> {
  let operations = 64
  let spent = 0
  for (;;) {
    const sample = await contender.sample(operations)
    const milliseconds = sample.nanoseconds / 1e6
    spent += milliseconds
    if (milliseconds < sampleTime / 2) operations = sample.operations * 2
    else if (spent >= warmUpTime) return Math.max(1, Math.round((sample.operations * sampleTime) / milliseconds))
  }
}

/** Ours in proportion to theirs, pair by pair: by the time of an operation, or by the operations in a time. */
export function ratioOf(pairs: readonly Pair[], by: 'time' | 'throughput'): Spread {
  return spreadOf(
    pairs.map(({ ours, theirs }) => {
      const slower = timeOf(ours) / timeOf(theirs)
      return by === 'time' ? slower : 1 / slower
    }),
  )
}

/** Nanoseconds for one operation. */
export function timeOf({ nanoseconds, operations }: Sample): number {
  return nanoseconds / operations
}
