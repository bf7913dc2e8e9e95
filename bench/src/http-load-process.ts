import { createLoad, type Load, type LoadOrder } from './http/load.ts'

// The other end of a web server's connections: takes one order, and sends as many requests as each further message says.
let load: Load | undefined

process.on('message', (message: { order: LoadOrder } | { operations: number } | { stop: true }) => {
  void answer(message).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

// Without the process that asks there is nothing to do.
process.on('disconnect', () => process.exit())

async function answer(message: { order: LoadOrder } | { operations: number } | { stop: true }): Promise<void> {
  if ('order' in message) {
    load = await createLoad(message.order)
    process.send?.({ ready: true })
  } else if ('operations' in message && load !== undefined) {
    process.send?.(await load.run(message.operations))
  } else {
    load?.close()
    process.disconnect()
  }
}
