import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createSessionStore } from '@transient/core'
import { sessionMiddleware, sessionOf, verifyCsrf } from '@transient/koa'
import { createMemoryStore } from '@transient/memory'
import Koa from 'koa'

const sessions = createSessionStore<{ name: string }>(createMemoryStore(), { secrets: 'x'.repeat(32) })
const app = new Koa()
app.use(sessionMiddleware(sessions, { load: (ctx) => (ctx.path === '/' ? 'eager' : 'lazy') }))
app.use(verifyCsrf(sessions))
app.use((ctx) => {
  const session = sessionOf(ctx, sessions)
  const name: string | undefined = session.data.name
  session.data.name = 'ÅÄÖ'
  ctx.body = name ?? 'nobody'
})

async function main(): Promise<void> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const first = await fetch(url)
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const second = await fetch(url, { headers: { cookie } })
  console.log(await first.text(), await second.text())
  server.close()
  server.closeAllConnections()
}

void main()
