import type { BenchServer } from './bench-server.ts'
import { startContender } from './contender.ts'
import { type Contender, measurePairs, type Pair, type Plan } from './measure.ts'
import type { RedisOrder } from './work.ts'

export interface RedisMatch {
  readonly pairs: readonly Pair[]
  /** Commands for one operation, as the server saw them. */
  readonly commands: { readonly ours: number; readonly theirs: number }
}

/** Our store beside a bare client, in pairs; then once more, untimed, with the server counting. */
export async function measureRedis(plan: Plan, server: BenchServer, order: RedisOrder): Promise<RedisMatch> {
  await server.empty()
  const commands = { ours: 0, theirs: 0 }
  const pairs = await measurePairs(plan, {
    ours: () => startContender({ kind: 'redis', side: 'ours', ...order }),
    theirs: () => startContender({ kind: 'redis', side: 'bare', ...order }),
    async meter(measure) {
      const before = await server.processorTime()
      const sample = await measure()
      return { ...sample, serverMicroseconds: (await server.processorTime()) - before }
    },
    async afterwards(ours, theirs) {
      commands.ours = await commandsPerOperation(ours, order, server)
      commands.theirs = await commandsPerOperation(theirs, order, server)
    },
  })
  return { pairs, commands }
}

async function commandsPerOperation(contender: Contender, order: RedisOrder, server: BenchServer): Promise<number> {
  let operations = 0
  const names = await server.countCommands(async () => {
    operations = (await contender.sample(order.concurrency)).operations
  })
  return names.length / operations
}
