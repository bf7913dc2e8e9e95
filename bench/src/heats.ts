import { type Plan, type Sample, warmUp } from './measure.ts'

/** Somebody who does the same work as the others in their own way. */
export interface Runner<Result extends Sample> {
  sample(operations: number): Promise<Result>
  stop(): Promise<void>
}

/** One sample of each runner, taken one after the other. */
export type Heat<Name extends string, Result> = Readonly<Record<Name, Result>>

/** How each runner is started, and what is done after the last heat while all of them still stand. */
export interface Race<Name extends string, Result extends Sample> {
  readonly start: Readonly<Record<Name, () => Promise<Runner<Result>>>>
  afterwards?(runners: ReadonlyMap<Name, Runner<Result>>): Promise<void>
}

/**
 * Measures several runners in heats, as `measurePairs` does two: what changes on the machine meanwhile meets all of them. Each
 * heat goes in another order; each runner does as many operations as take it about the time of a sample.
 */
export async function measureHeats<Name extends string, Result extends Sample>(
  plan: Plan,
  race: Race<Name, Result>,
): Promise<readonly Heat<Name, Result>[]> {
  const names = Object.keys(race.start) as Name[]
  const heats: Heat<Name, Result>[] = []
  for (let round = 0; round < plan.rounds; round += 1) {
    const runners = new Map<Name, Runner<Result>>()
    try {
      for (const name of names) runners.set(name, await race.start[name]())
      const operations = new Map<Name, number>()
      for (const [name, runner] of runners) operations.set(name, await warmUp(runner, plan))
      for (let count = 0; count < plan.pairs; count += 1) {
        const heat: Partial<Record<Name, Result>> = {}
        for (const name of orderOf(names, heats.length))
          heat[name] = await (runners.get(name) as Runner<Result>).sample(operations.get(name) as number)
        heats.push(heat as Record<Name, Result>)
      }
      if (round === plan.rounds - 1) await race.afterwards?.(runners)
    } finally {
      for (const runner of runners.values()) await runner.stop()
    }
  }
  return heats
}

/** Each name comes first as often as the others, and of two names each comes before the other as often as after it. */
function orderOf<Name>(names: readonly Name[], heat: number): readonly Name[] {
  const shift = Math.floor(heat / 2) % names.length
  const turned = [...names.slice(shift), ...names.slice(0, shift)]
  return heat % 2 === 0 ? turned : turned.reverse()
}
