import type { BenchServer } from './bench-server.ts'
import { type Plan, ratioOf, type Sample, timeOf } from './measure.ts'
import { measureRedis } from './redis-match.ts'
import { median } from './statistics.ts'
import { formatRate, formatSpread, type Row, type Table } from './table.ts'
import type { RedisConnectionOrder } from './work.ts'

const sizes = [200, 2048, 20_480]

/** `compareAndSet` beside a bare SET of the same size, 64 at once, and what either costs the server. */
export async function compareSwapRate(
  plan: Plan,
  server: BenchServer,
  connection: RedisConnectionOrder,
): Promise<Table> {
  const rows: Row[] = []
  for (const valueBytes of sizes) {
    for (const verb of ['compareAndSet', 'compareAndSet with stamp'] as const) {
      const { pairs, commands } = await measureRedis(plan, server, { verb, valueBytes, connection, concurrency: 64 })
      const ours = pairs.map((pair) => pair.ours)
      const theirs = pairs.map((pair) => pair.theirs)
      rows.push({
        label: `${verb}, ${valueBytes.toLocaleString('en-US')} B`,
        cells: [
          formatRate(1e9 / median(ours.map(timeOf))),
          formatRate(1e9 / median(theirs.map(timeOf))),
          formatSpread(ratioOf(pairs, 'throughput')),
          `${commands.ours} / ${commands.theirs}`,
          `${serverTime(ours)} / ${serverTime(theirs)} us`,
        ],
      })
    }
  }
  return {
    title: 'compareAndSet beside a bare SET of the same size, 64 at once: operations in a time, more is better',
    columns: ['ours', 'SET', 'ratio', 'commands per operation', 'server time per operation'],
    rows,
  }
}

function serverTime(samples: readonly Sample[]): string {
  return median(samples.map((sample) => (sample.serverMicroseconds ?? 0) / sample.operations)).toFixed(1)
}
