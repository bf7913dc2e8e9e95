import { describe, expect, test } from 'vitest'
import { type Contender, type Match, measurePairs, type Pair, type Plan, ratioOf } from '../src/measure.ts'

const plan: Plan = { rounds: 2, pairs: 3, sampleTime: 10, warmUpTime: 50 }

/** Contenders whose operations take as long as they say. Tells what was asked of them once they are warm. */
function arena(nanoseconds: { ours: number; theirs: number }) {
  const events: string[] = []
  const samples: { name: string; operations: number }[] = []

  const start = (name: 'ours' | 'theirs') => async (): Promise<Contender> => {
    events.push(`start ${name}`)
    return {
      async sample(operations) {
        samples.push({ name, operations })
        return { operations, nanoseconds: operations * nanoseconds[name] }
      },
      async stop() {
        events.push(`stop ${name}`)
      },
    }
  }
  const measured: { name: string; operations: number }[] = []
  const match: Match = {
    ours: start('ours'),
    theirs: start('theirs'),
    async meter(sample) {
      const result = await sample()
      measured.push(samples.at(-1) as { name: string; operations: number })
      return result
    },
  }
  return { events, samples, measured, match }
}

describe('measuring in pairs', () => {
  test('each pair is measured in the other order than the one before it, across rounds too', async () => {
    const { measured, match } = arena({ ours: 100, theirs: 100 })
    await measurePairs(plan, match)
    expect(measured.map(({ name }) => name)).toEqual(
      [
        ['ours', 'theirs'],
        ['theirs', 'ours'],
        ['ours', 'theirs'],
        ['theirs', 'ours'],
        ['ours', 'theirs'],
        ['theirs', 'ours'],
      ].flat(),
    )
  })

  test('both do the same number of operations, as many of theirs as fill a sample', async () => {
    const { measured, match } = arena({ ours: 700, theirs: 100 })
    const pairs = await measurePairs(plan, match)
    expect(pairs).toHaveLength(6)
    expect(new Set(measured.map(({ operations }) => operations))).toEqual(new Set([100_000]))
    expect(pairs[1]).toEqual({
      ours: { operations: 100_000, nanoseconds: 70_000_000 },
      theirs: { operations: 100_000, nanoseconds: 10_000_000 },
    })
  })

  test('both are warm before the first pair', async () => {
    const spent = { ours: 0, theirs: 0 }
    const times = { ours: 3000, theirs: 1000 }
    const { samples, measured, match } = arena(times)
    await measurePairs({ ...plan, rounds: 1 }, match)
    for (const { name, operations } of samples.slice(0, samples.length - measured.length))
      spent[name as 'ours' | 'theirs'] += (operations * times[name as 'ours' | 'theirs']) / 1e6
    expect(spent.ours).toBeGreaterThanOrEqual(plan.warmUpTime)
    expect(spent.theirs).toBeGreaterThanOrEqual(plan.warmUpTime)
  })

  test('each round has fresh contenders, and stops them before the next one', async () => {
    const { events, match } = arena({ ours: 100, theirs: 100 })
    await measurePairs(plan, match)
    const round = ['start theirs', 'start ours', 'stop ours', 'stop theirs']
    expect(events).toEqual([...round, ...round])
  })

  test('what comes afterwards happens once, after the last pair and before the contenders go', async () => {
    const { events, measured, match } = arena({ ours: 100, theirs: 100 })
    await measurePairs(plan, {
      ...match,
      async afterwards() {
        events.push(`afterwards, ${measured.length} samples`)
      },
    })
    expect(events.slice(4)).toEqual([
      'start theirs',
      'start ours',
      'afterwards, 12 samples',
      'stop ours',
      'stop theirs',
    ])
  })

  test('what a meter adds to a sample is in its pair', async () => {
    const { match } = arena({ ours: 100, theirs: 100 })
    const pairs = await measurePairs(plan, {
      ...match,
      meter: async (sample) => ({ ...(await sample()), serverMicroseconds: 5 }),
    })
    expect(pairs.every(({ ours, theirs }) => ours.serverMicroseconds === 5 && theirs.serverMicroseconds === 5)).toBe(
      true,
    )
  })

  test('a contender that fails fails the measurement, and both are stopped', async () => {
    const { events, match } = arena({ ours: 100, theirs: 100 })
    const broken: Match = {
      ...match,
      ours: async () => ({
        ...(await match.ours()),
        sample: () => Promise.reject(new Error('out of breath')),
      }),
    }
    await expect(measurePairs(plan, broken)).rejects.toThrow('out of breath')
    expect(events).toEqual(['start theirs', 'start ours', 'stop ours', 'stop theirs'])
  })

  test('one that does not even start leaves none behind', async () => {
    const { events, match } = arena({ ours: 100, theirs: 100 })
    await expect(measurePairs(plan, { ...match, ours: () => Promise.reject(new Error('no server')) })).rejects.toThrow(
      'no server',
    )
    expect(events).toEqual(['start theirs', 'stop theirs'])
  })
})

describe('the ratio', () => {
  const pair = (ours: number, theirs: number): Pair => ({
    ours: { operations: 10, nanoseconds: ours * 10 },
    theirs: { operations: 10, nanoseconds: theirs * 10 },
  })

  test('by time, above 1 means that ours takes longer', () => {
    expect(ratioOf([pair(300, 200)], 'time').median).toBe(1.5)
  })

  test('by throughput, above 1 means that ours does more', () => {
    expect(ratioOf([pair(100, 200)], 'throughput').median).toBe(2)
  })

  test('is taken pair by pair: a machine that slows down for a while changes nothing', () => {
    const steady = [pair(150, 100), pair(150, 100), pair(150, 100)]
    const disturbed = [pair(150, 100), pair(1500, 1000), pair(6000, 4000)]
    expect(ratioOf(disturbed, 'time')).toEqual(ratioOf(steady, 'time'))
  })

  test('is one of operations, however many of them a sample had', () => {
    const uneven: Pair = { ours: { operations: 20, nanoseconds: 400 }, theirs: { operations: 10, nanoseconds: 100 } }
    expect(ratioOf([uneven], 'time').median).toBe(2)
  })
})
