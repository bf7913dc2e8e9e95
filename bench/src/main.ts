import { type BenchServer, startBenchServer } from './bench-server.ts'
import { countVerbs } from './command-counts.ts'
import { describeEnvironment } from './environment.ts'
import { compareMemoryBytes } from './memory-bytes.ts'
import { compareMemoryTime } from './memory-time.ts'
import { type BenchOptions, type Part, planOf, readOptions, usage } from './options.ts'
import { compareRedisRate } from './redis-rate.ts'
import { compareSwapRate } from './swap-rate.ts'
import { formatTable, type Row, scoreOf, type Table } from './table.ts'

const options = optionsOrExit()
process.exitCode = await bench(options).catch((error: unknown) => {
  console.error(`\nthe benchmark failed: ${error instanceof Error ? error.message : String(error)}`)
  return 1
})

async function bench({ only, quick, check, server: program, ioredis, ownConnection }: BenchOptions): Promise<number> {
  const plan = planOf({ quick })
  const { rounds, pairs, sampleTime } = plan
  console.log(`Transient: our stores beside what they stand on\n${await describeEnvironment(ioredis)}`)
  console.log(
    `${rounds * pairs} pairs for each row (${rounds} times ${pairs} in fresh processes), ${sampleTime} ms a sample, in alternating order. ` +
      'Ratios: the median of the pairs, and their quartiles.',
  )
  const rows: Row[] = []
  const show = async (table: Promise<Table>): Promise<void> => {
    const finished = await table
    rows.push(...finished.rows)
    console.log(`\n${formatTable(finished)}`)
  }
  const wants = (part: Part): boolean => only.includes(part)

  if (wants('memory')) await show(compareMemoryTime(plan))
  if (wants('memory-bytes')) await show(compareMemoryBytes(quick ? 1 : 5))
  if (wants('redis') || wants('cas')) {
    const server = await startBenchServer(program)
    const connection = { url: server.url, ioredis, own: ownConnection }
    console.log(`\n${describeConnection(server, ownConnection)}`)
    try {
      if (wants('redis')) {
        await show(compareRedisRate(plan, server, connection))
        await show(countVerbs(server, connection))
      }
      if (wants('cas')) await show(compareSwapRate(plan, server, connection))
    } finally {
      await server.stop()
    }
  }

  const { met, missed } = scoreOf(rows)
  console.log(`\n${met} aims met, ${missed} missed`)
  return check && missed > 0 ? 1 : 0
}

function describeConnection({ version }: BenchServer, own: boolean): string {
  return own
    ? `${version}. Our store opens its own connection from the URL.`
    : `${version}. Our store and the bare client each have an ioredis client with default options.`
}

function optionsOrExit(): BenchOptions {
  try {
    const read = readOptions(process.argv.slice(2))
    if (!read.help) return read
    console.log(usage)
    process.exit(0)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}
