import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessionStore } from '@transient/core'
import { createSessionLifecycle, sessionOf } from '@transient/http'
import { createMemoryStore } from '@transient/memory'

const sessions = createSessionStore<{ name: string }>(createMemoryStore(), { secrets: 'x'.repeat(32) })
const lifecycle = createSessionLifecycle(sessions, { cookie: { sameSite: 'strict' } })

const server = createServer((request, response) => {
  lifecycle(request, response, (error) => {
    if (error !== undefined) return response.writeHead(500).end('failed')
    const session = sessionOf(request, sessions)
    const name: string | undefined = session.data.name
    if (name === undefined) session.data.name = 'ÅÄÖ'
    return response.end(name ?? 'nobody')
  })
})

async function main(): Promise<void> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const first = await fetch(url)
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const second = await fetch(url, { headers: { cookie } })
  console.log(await first.text(), await second.text())
  server.close()
  server.closeAllConnections()
}

void main()
