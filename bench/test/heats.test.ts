import { expect, test } from 'vitest'
import { measureHeats, type Runner } from '../src/heats.ts'
import type { Plan, Sample } from '../src/measure.ts'

const plan: Plan = { rounds: 1, pairs: 6, sampleTime: 10, warmUpTime: 50 }

/** Runners whose operations take as long as they say. Tells what was asked of them, the last samples being those of the heats. */
function arena<Name extends string>(nanoseconds: Record<Name, number>) {
  const events: string[] = []
  const samples: { name: Name; operations: number }[] = []
  const names = Object.keys(nanoseconds) as Name[]
  const start = Object.fromEntries(
    names.map((name) => [
      name,
      async (): Promise<Runner<Sample>> => {
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
      },
    ]),
  ) as Record<Name, () => Promise<Runner<Sample>>>
  return { events, samples, start }
}

test('in as many heats as make all orders each runner comes at each place equally often, and before each other one as often as after it', async () => {
  const { samples, start } = arena({ a: 100, b: 100, c: 100 })
  const heats = await measureHeats(plan, { start })
  const order = samples.slice(-18).map(({ name }) => name)
  const orders = Array.from({ length: 6 }, (_, heat) => order.slice(heat * 3, heat * 3 + 3).join(''))
  expect(heats).toHaveLength(6)
  expect([...orders].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
})

test('each runner does as many operations as fill its own samples, the same in every heat', async () => {
  const { start } = arena({ slow: 1000, fast: 100 })
  const heats = await measureHeats(plan, { start })
  expect(new Set(heats.map(({ slow }) => slow.operations))).toEqual(new Set([10_000]))
  expect(new Set(heats.map(({ fast }) => fast.operations))).toEqual(new Set([100_000]))
})

test('each round starts all afresh and stops them before the next one; what comes afterwards comes once', async () => {
  const { events, start } = arena({ a: 100, b: 100 })
  await measureHeats(
    { ...plan, rounds: 2 },
    {
      start,
      async afterwards(runners) {
        events.push(`afterwards ${[...runners.keys()].join(' ')}`)
      },
    },
  )
  expect(events).toEqual([
    'start a',
    'start b',
    'stop a',
    'stop b',
    'start a',
    'start b',
    'afterwards a b',
    'stop a',
    'stop b',
  ])
})

test('a runner that fails fails the measurement, and all are stopped', async () => {
  const { events, start } = arena({ a: 100, b: 100 })
  const broken = async (): Promise<Runner<Sample>> => ({
    ...(await start.b()),
    sample: () => Promise.reject(new Error('a wrong answer')),
  })
  await expect(measureHeats(plan, { start: { a: start.a, b: broken } })).rejects.toThrow('a wrong answer')
  expect(events).toEqual(['start a', 'start b', 'stop a', 'stop b'])
})

test('one that does not even start leaves none behind', async () => {
  const { events, start } = arena({ a: 100, b: 100 })
  const broken = () => Promise.reject(new Error('no server'))
  await expect(measureHeats(plan, { start: { a: start.a, b: broken } })).rejects.toThrow('no server')
  expect(events).toEqual(['start a', 'stop a'])
})
