import { createMemoryWork } from './memory-work.ts'
import { createRedisWork } from './redis-work.ts'
import type { Work, WorkOrder } from './work.ts'

// The other side of contender.ts: takes one order, reports, and does as many operations as each further message says.
let work: Work | undefined

process.on('message', (message: { order: WorkOrder } | { operations: number } | { stop: true }) => {
  void answer(message).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

// Without the process that asks there is nothing to do.
process.on('disconnect', () => process.exit())

async function answer(message: { order: WorkOrder } | { operations: number } | { stop: true }): Promise<void> {
  if ('order' in message) {
    work = await begin(message.order)
    process.send?.({ ready: true })
  } else if ('operations' in message && work !== undefined) {
    const began = process.hrtime.bigint()
    const operations = await work.run(message.operations)
    const nanoseconds = Number(process.hrtime.bigint() - began)
    process.send?.({ operations, nanoseconds })
  } else {
    await work?.close()
    process.disconnect()
  }
}

function begin(order: WorkOrder): Promise<Work> {
  return order.kind === 'memory' ? createMemoryWork(order.side, order.verb) : createRedisWork(order.side, order)
}
