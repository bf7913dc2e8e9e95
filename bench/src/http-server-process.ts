import { serveOrder } from './http/serve.ts'
import type { Served, ServerOrder } from './http/server-order.ts'

// A web server of the benchmark: takes one order, and tells between the samples what processor time it has used.
let served: Served | undefined

process.on('message', (message: { order: ServerOrder } | { spent: true } | { stop: true }) => {
  void answer(message).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

// Without the process that asks there is nothing to do.
process.on('disconnect', () => process.exit())

async function answer(message: { order: ServerOrder } | { spent: true } | { stop: true }): Promise<void> {
  if ('order' in message) {
    served = await serveOrder(message.order)
    process.send?.({ port: served.port })
  } else if ('spent' in message) {
    const { user, system } = process.cpuUsage()
    process.send?.({ microseconds: user + system })
  } else {
    await served?.close()
    process.disconnect()
  }
}
