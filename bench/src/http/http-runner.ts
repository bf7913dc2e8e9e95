import type { Runner } from '../heats.ts'
import { startWorker } from '../worker.ts'
import type { HttpSample } from './load.ts'
import type { HttpVerb } from './page.ts'
import type { Processors } from './processors.ts'
import type { ServerOrder } from './server-order.ts'

export const connections = 64

export interface HttpConditions {
  /** Absent: nobody is bound to a processor. */
  readonly processors: Processors | undefined
  /** Where the servers leave their CPU profiles. Absent: they make none. */
  readonly profiles: string | undefined
}

/** Starts a web server in a process of its own, and in another the one that asks it; each sample tells what the server's process spent. */
export async function startHttpRunner(
  order: ServerOrder,
  verb: HttpVerb,
  { processors, profiles }: HttpConditions,
): Promise<Runner<HttpSample>> {
  const server = startWorker('http-server-process', {
    processors: processors?.server,
    nodeArguments: profiles === undefined ? [] : profiling(order, verb, profiles),
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const load = startWorker('http-load-process', { processors: processors?.others })
  const stop = async (): Promise<void> => {
    await load.stop()
    await server.stop()
  }
  const spent = async (): Promise<number> =>
    ((await server.ask({ spent: true })) as { microseconds: number }).microseconds
  try {
    const { port } = (await server.ask({ order })) as { port: number }
    const { shape, keeper } = order
    await load.ask({ order: { port, verb, shape, sessionless: keeper === 'none', connections } })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    async sample(operations) {
      const before = await spent()
      const sample = (await load.ask({ operations })) as HttpSample
      return { ...sample, serverMicroseconds: (await spent()) - before }
    },
    stop,
  }
}

function profiling({ framework, keeper, shape }: ServerOrder, verb: HttpVerb, folder: string): readonly string[] {
  const name = [framework, keeper, verb, shape.layout, shape.bytes].join('-').replace(/\W+/g, '-')
  return ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}.cpuprofile`]
}
