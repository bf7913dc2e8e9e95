import { type BenchServer, startBenchServer } from './bench-server.ts'
import { countVerbs } from './command-counts.ts'
import { describeEnvironment, describeFrameworks } from './environment.ts'
import { compareHttpSessions } from './http/http-sessions.ts'
import { bindProcess, divideProcessors, type Processors } from './http/processors.ts'
import type { Plan } from './measure.ts'
import { compareMemoryBytes } from './memory-bytes.ts'
import { compareMemoryTime } from './memory-time.ts'
import { type BenchOptions, httpPlanOf, type Part, planOf, readOptions, usage } from './options.ts'
import { compareRedisRate } from './redis-rate.ts'
import { compareSwapRate } from './swap-rate.ts'
import { formatTable, type Row, scoreOf, type Table } from './table.ts'

process.exitCode = await bench(optionsOrExit()).catch((error: unknown) => {
  console.error(`\nthe benchmark failed: ${error instanceof Error ? error.message : String(error)}`)
  return 1
})

async function bench(options: BenchOptions): Promise<number> {
  const { only, quick, check, server: program, ioredis, ownConnection } = options
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
  if (wants('redis') || wants('cas') || wants('http')) {
    const server = await startBenchServer(program)
    const connection = { url: server.url, ioredis, own: ownConnection }
    console.log(`\n${describeConnection(server, ownConnection)}`)
    try {
      if (wants('redis')) {
        await show(compareRedisRate(plan, server, connection))
        await show(countVerbs(server, connection))
      }
      if (wants('cas')) await show(compareSwapRate(plan, server, connection))
      if (wants('http')) {
        const processors = await divideProcessors()
        if (processors !== undefined) await bindProcess(server.pid, processors.others)
        console.log(`\n${await describeFrameworks()}\n${describeHttp(httpPlanOf(options), processors)}`)
        const ground = { plan: httpPlanOf(options), server, connection, processors, profiles: options.profiles }
        for (const framework of options.frameworks) await show(compareHttpSessions(framework, ground, quick))
      }
    } finally {
      await server.stop()
    }
  }

  const { met, missed } = scoreOf(rows)
  console.log(`\n${met} aims met, ${missed} missed`)
  return check && missed > 0 ? 1 : 0
}

function describeHttp({ rounds, pairs, sampleTime }: Plan, processors: Processors | undefined): string {
  const where =
    processors === undefined
      ? 'Nobody is bound to a processor: trust these figures less.'
      : `Processor ${processors.server} is the web server's, ${processors.others} are for the requests and Redis.`
  return (
    `Sessions over HTTP: ${rounds * pairs} heats for each row (${rounds} times ${pairs} in fresh processes), ${sampleTime} ms a sample. ${where}\n` +
    'Each figure of a pair is a median: ours / theirs. Server time is what the process of the web server spends on a request, busy the share ' +
    'of its processor. Every response is checked.'
  )
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
