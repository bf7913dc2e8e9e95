import { createSessionStore } from '@transient/core'
import { sessionOf, sessionPlugin, verifyCsrf } from '@transient/fastify'
import { createMemoryStore } from '@transient/memory'
import Fastify from 'fastify'

const sessions = createSessionStore<{ name: string }>(createMemoryStore(), { secrets: 'x'.repeat(32) })

async function main(): Promise<void> {
  const app = Fastify()
  await app.register(sessionPlugin, { sessions, load: (request) => (request.url === '/' ? 'eager' : 'lazy') })
  app.addHook('preValidation', verifyCsrf(sessions))
  app.get('/', { config: { session: 'eager', csrf: true } }, async (request) => {
    const session = sessionOf(request, sessions)
    const name: string | undefined = session.data.name
    session.data.name = 'ÅÄÖ'
    return name ?? 'nobody'
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const first = await fetch(url)
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const second = await fetch(url, { headers: { cookie } })
  const refused = await fetch(url, { method: 'POST', headers: { cookie } })
  console.log(await first.text(), await second.text(), refused.status)
  await app.close()
}

void main()
