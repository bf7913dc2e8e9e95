import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessionStore } from '@transient/core'
import { openFront } from './fronts/open-front.ts'
import { readSettings, type Settings, StartError } from './settings.ts'
import { createShop } from './shop.ts'
import { openStorage } from './storage.ts'
import { createUsers } from './users.ts'
import type { Visit } from './visit.ts'

/** How long requests that are under way may take after the shop was told to close. */
const patience = 10_000

const titles = { express: 'Express', fastify: 'Fastify', hono: 'Hono' } as const

async function main(): Promise<void> {
  const settings = readSettings(process.env, process.argv.slice(2))
  const { store, secret, notice } = await openStorage(settings)
  const sessions = createSessionStore<Visit>(store, { secrets: secret, idleTimeout: '2h', absoluteTimeout: '7d' })
  const report = (error: unknown) => console.error(`${new Date().toISOString()} ${describe(error)}`)
  const shop = createShop({ sessions, users: createUsers(store), secure: settings.secure, report })
  const server = createServer(await openFront(settings.front, shop))

  server.listen(settings.port, settings.host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new StartError(listenReason(error, settings), { cause: error })
  }
  const { port } = server.address() as AddressInfo
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  console.log(`${notice}\nThe shop is open on ${titles[settings.front]}: http://${host}:${port}`)

  async function close(): Promise<void> {
    // The second signal ends the process at once, as it would have without us.
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
    const closed = once(server, 'close')
    server.close()
    // A connection that was busy when the server closed is kept alive after its answer, unless it is told.
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    const enough = setTimeout(() => server.closeAllConnections(), patience)
    await closed
    clearInterval(idle)
    clearTimeout(enough)
    await store.close()
  }
  const onSignal = () => void close().catch(fail)
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

function listenReason(error: unknown, { port, host }: Settings): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return `Port ${port} is in use; choose another one with PORT`
  if (code === 'EACCES') return `Port ${port} needs more rights than this user has; choose another one with PORT`
  return `Cannot listen on ${host}, port ${port}: ${message}`
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Ends the process, with whatever connections are open or still being tried. */
function fail(error: unknown): never {
  console.error(error instanceof StartError ? `The shop cannot open: ${error.message}` : describe(error))
  process.exit(1)
}

main().catch(fail)
