import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Contender, Sample } from './measure.ts'
import type { WorkOrder } from './work.ts'

/**
 * Starts a contender in a process of its own: what V8 learns from the one, and the garbage it leaves, is not the other's.
 * It waits, using nothing, while the other one works.
 */
export async function startContender(order: WorkOrder): Promise<Contender> {
  const child = fork(fileURLToPath(new URL('./contender-process.js', import.meta.url)), { execArgv: [] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await ask(child, { order })
  return {
    sample: (operations) => ask(child, { operations }) as Promise<Sample>,
    async stop() {
      if (child.connected) child.send({ stop: true })
      await exited
    },
  }
}

function ask(child: ChildProcess, message: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new Error(`a process of the benchmark ended: ${JSON.stringify(message)}`))
    child.once('exit', failed)
    child.once('message', (reply) => {
      child.off('exit', failed)
      resolve(reply)
    })
    child.send(message)
  })
}
