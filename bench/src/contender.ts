import type { Contender, Sample } from './measure.ts'
import type { WorkOrder } from './work.ts'
import { startWorker } from './worker.ts'

/**
 * Starts a contender in a process of its own: what V8 learns from the one, and the garbage it leaves, is not the other's.
 * It waits, using nothing, while the other one works.
 */
export async function startContender(order: WorkOrder): Promise<Contender> {
  const worker = startWorker('contender-process')
  await worker.ask({ order })
  return {
    sample: (operations) => worker.ask({ operations }) as Promise<Sample>,
    stop: worker.stop,
  }
}
