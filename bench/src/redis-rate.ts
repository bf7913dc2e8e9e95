import type { Aim } from './aim.ts'
import type { BenchServer } from './bench-server.ts'
import { type Plan, ratioOf, timeOf } from './measure.ts'
import { measureRedis } from './redis-match.ts'
import { median } from './statistics.ts'
import { formatRate, formatSpread, type Row, type Table } from './table.ts'
import type { RedisConnectionOrder } from './work.ts'

type Line = readonly [verb: 'get' | 'set' | 'set of text', concurrency: number, aim?: Aim]

const lines: readonly Line[] = [
  ['get', 1, { atLeast: 0.95 }],
  ['get', 16, { atLeast: 1.05 }],
  ['get', 64, { atLeast: 1.4 }],
  ['get', 256, { atLeast: 1.6 }],
  ['set', 1],
  ['set', 16],
  ['set', 64],
  ['set', 256, { atLeast: 1.4 }],
  ['set of text', 1],
  ['set of text', 16],
  ['set of text', 64],
  ['set of text', 256, { atLeast: 1.4 }],
]

/** `get` and `set` of 100 bytes beside the bare client, on one connection each. */
export async function compareRedisRate(
  plan: Plan,
  server: BenchServer,
  connection: RedisConnectionOrder,
): Promise<Table> {
  const rows: Row[] = []
  for (const [verb, concurrency, aim] of lines) {
    const { pairs, commands } = await measureRedis(plan, server, { verb, concurrency, connection, valueBytes: 100 })
    const ratio = ratioOf(pairs, 'throughput')
    rows.push({
      label: `${verb}, ${concurrency} at once`,
      cells: [
        formatRate(1e9 / median(pairs.map((pair) => timeOf(pair.ours)))),
        formatRate(1e9 / median(pairs.map((pair) => timeOf(pair.theirs)))),
        formatSpread(ratio),
        `${commands.ours} / ${commands.theirs}`,
      ],
      figure: ratio.median,
      ...(aim === undefined ? {} : { aim }),
    })
  }
  return {
    title:
      'Redis store beside bare ioredis, values of 100 B, one connection each: operations in a time, more is better',
    columns: ['ours', 'ioredis', 'ratio', 'commands per operation'],
    rows,
  }
}
