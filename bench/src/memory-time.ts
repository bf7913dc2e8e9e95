import type { Aim } from './aim.ts'
import { startContender } from './contender.ts'
import { measurePairs, type Plan, ratioOf, timeOf } from './measure.ts'
import { median } from './statistics.ts'
import { formatSpread, type Row, type Table } from './table.ts'
import type { MemoryVerb } from './work.ts'

const verbs: readonly (readonly [verb: MemoryVerb, aim?: Aim])[] = [
  ['get hit', { atMost: 1.5 }],
  ['get miss'],
  ['set'],
  ['set of a copy'],
]

/** The memory store beside the floor for an asynchronous API: lru-cache with a ttl, behind an async function. */
export async function compareMemoryTime(plan: Plan): Promise<Table> {
  const rows: Row[] = []
  for (const [verb, aim] of verbs) {
    const pairs = await measurePairs(plan, {
      ours: () => startContender({ kind: 'memory', side: 'ours', verb }),
      theirs: () => startContender({ kind: 'memory', side: 'bare', verb }),
    })
    const ratio = ratioOf(pairs, 'time')
    const ours = median(pairs.map((pair) => timeOf(pair.ours)))
    const theirs = median(pairs.map((pair) => timeOf(pair.theirs)))
    rows.push({
      label: verb,
      cells: [`${ours.toFixed(0)} ns`, `${theirs.toFixed(0)} ns`, formatSpread(ratio)],
      figure: ratio.median,
      ...(aim === undefined ? {} : { aim }),
    })
  }
  return {
    title: 'Memory store beside lru-cache with a ttl behind an async function: time of an operation, less is better',
    columns: ['ours', 'lru-cache', 'ratio'],
    rows,
  }
}
