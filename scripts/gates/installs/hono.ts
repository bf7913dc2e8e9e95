import { createSessionStore } from '@transient/core'
import { sessionMiddleware, verifyCsrf } from '@transient/hono'
import { createMemoryStore } from '@transient/memory'
import { Hono } from 'hono'

const sessions = createSessionStore<{ name: string }>(createMemoryStore(), { secrets: 'x'.repeat(32) })

const app = new Hono().use(sessionMiddleware(sessions), verifyCsrf(sessions)).get('/', (c) => {
  const session = c.get('session')
  const name: string | undefined = session.data.name
  session.data.name = 'ÅÄÖ'
  return c.text(name ?? 'nobody')
})

async function main(): Promise<void> {
  const first = await app.request('/')
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const second = await app.request('/', { headers: { cookie } })
  const refused = await app.request('/', { method: 'POST', headers: { cookie } })
  console.log(await first.text(), await second.text(), refused.status)
}

void main()
