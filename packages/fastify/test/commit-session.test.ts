import { once } from 'node:events'
import { commitSession, sessionOf } from '@transient/fastify'
import { describe, expect, it } from 'vitest'
import { cookiesOf, createApp } from './app.ts'

describe('a reply that is hijacked', () => {
  it('after commitSession has the session stored, and the cookie and the headers for caches on reply.raw', async () => {
    const { app, sessions, calls } = await createApp()
    app.get('/', async (request, reply) => {
      sessionOf(request, sessions).data.user = 'Ada'
      await commitSession(reply)
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.end('data: hello\n\n')
    })
    const answer = await app.inject('/')
    expect(answer.body).toBe('data: hello\n\n')
    expect(answer.headers).toMatchObject({ vary: 'Cookie', 'cache-control': 'private, no-store' })
    const cookie = cookiesOf(answer)[0]?.split(';')[0]?.slice('sid='.length)
    expect((await sessions.load(cookie)).data).toEqual({ user: 'Ada' })
    expect(calls).toEqual(['compareAndSet', 'get'])
  })

  it('has not sent a byte before the store has acknowledged', async () => {
    const { app, sessions, store } = await createApp()
    const gate = store.hold('compareAndSet')
    let hasLeft = false
    app.get('/', async (request, reply) => {
      sessionOf(request, sessions).data.user = 'Ada'
      const committing = commitSession(reply)
      await gate.arrived
      hasLeft = reply.raw.headersSent
      gate.release()
      await committing
      reply.hijack()
      reply.raw.end('done')
    })
    expect((await app.inject('/')).body).toBe('done')
    expect(hasLeft).toBe(false)
  })

  it('seals the session: what is changed later is an error', async () => {
    const { app, sessions } = await createApp()
    app.get('/', async (request, reply) => {
      const session = sessionOf(request, sessions)
      session.data.user = 'Ada'
      await commitSession(reply)
      reply.hijack()
      try {
        session.data.count = 1
      } catch (error) {
        reply.raw.end((error as { code: string }).code)
      }
    })
    expect((await app.inject('/')).body).toBe('session-sealed')
  })

  it('is still for the error handler to send if the commit fails', async () => {
    const { app, sessions, store } = await createApp()
    store.fail('compareAndSet')
    app.get('/', async (request, reply) => {
      sessionOf(request, sessions).data.user = 'Ada'
      await commitSession(reply)
      reply.hijack()
      reply.raw.end('never')
    })
    const answer = await app.inject('/')
    expect([answer.statusCode, answer.json().code, cookiesOf(answer)]).toEqual([503, 'unavailable', []])
    expect(answer.headers.vary).toBe('Cookie')
  })

  it('without commitSession stores nothing, as the plugin does not see it', async () => {
    const { app, sessions, calls } = await createApp()
    app.get('/', async (request, reply) => {
      sessionOf(request, sessions).data.user = 'Ada'
      reply.hijack()
      reply.raw.end('unseen')
      await once(reply.raw, 'finish')
    })
    const answer = await app.inject('/')
    expect([answer.body, cookiesOf(answer), calls]).toEqual(['unseen', [], []])
  })

  it('costs nothing where nobody asked, or there is no session at all', async () => {
    const { app, calls, knownCookie } = await createApp()
    const routes = ['lazy', 'none'] as const
    for (const session of routes) {
      app.get(`/${session}`, { config: { session } }, async (_request, reply) => {
        await commitSession(reply)
        reply.hijack()
        reply.raw.end('raw')
      })
    }
    for (const session of routes) {
      const answer = await app.inject({ url: `/${session}`, headers: { cookie: await knownCookie() } })
      expect([answer.body, answer.headers.vary, calls]).toEqual(['raw', undefined, []])
    }
  })

  it('may be sent by reply.send after all, with one cookie', async () => {
    const { app, sessions, calls } = await createApp()
    app.get('/', async (request, reply) => {
      sessionOf(request, sessions).data.user = 'Ada'
      await commitSession(reply)
      return reply.send('sent')
    })
    const answer = await app.inject('/')
    expect([answer.body, cookiesOf(answer).length, calls]).toEqual(['sent', 1, ['compareAndSet']])
  })
})
