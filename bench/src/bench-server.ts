import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { type BareClient, connectBare } from './bare-client.ts'

/** A private server, and what we want to know of it between the samples. */
export interface BenchServer {
  readonly url: string
  readonly pid: number
  /** `Redis 7.0.15`, `Valkey 9.1.0`. */
  readonly version: string
  /** Removes all keys. */
  empty(): Promise<void>
  /** The processor time the server has used so far, in microseconds. */
  processorTime(): Promise<number>
  /** How many commands clients send while `work` runs; those that scripts run inside the server are not among them. */
  countCommands(work: () => Promise<unknown>): Promise<readonly string[]>
  stop(): Promise<void>
}

export async function startBenchServer(program: string | undefined): Promise<BenchServer> {
  const server = await startRedis(program === undefined ? {} : { program })
  const client = await connectBare(server.url, 6)
  return {
    url: server.url,
    pid: server.pid,
    version: versionIn(await client.info('server')),
    async empty() {
      await client.flushall()
    },
    processorTime: () => processorTime(client),
    countCommands: (work) => countCommands(server, work),
    async stop() {
      await client.quit()
      await server.stop()
    },
  }
}

function versionIn(info: string): string {
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1]
  return valkey === undefined ? `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1] ?? '?'}` : `Valkey ${valkey}`
}

async function processorTime(client: BareClient): Promise<number> {
  const info = await client.info('cpu')
  const seconds = ['used_cpu_user', 'used_cpu_sys'].map((name) =>
    Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]),
  )
  return seconds.reduce((sum, part) => sum + part, 0) * 1e6
}

async function countCommands(server: RedisServer, work: () => Promise<unknown>): Promise<readonly string[]> {
  const monitor = await server.monitor()
  try {
    await work()
    return (await monitor.commands()).map(({ name }) => name)
  } finally {
    monitor.stop()
  }
}
