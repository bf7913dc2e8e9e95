import { once } from 'node:events'
import { Readable } from 'node:stream'
import { createSessionStore } from '@transient/core'
import { sessionOf, sessionPlugin } from '@transient/fastify'
import { createMemoryStore } from '@transient/memory'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cookiesOf, createApp, createSessions } from './app.ts'

describe('registering sessionPlugin', () => {
  it.each([
    [{ cookie: { name: '__Host-a', path: '/shop' } }],
    [{ cookie: { secure: false, sameSite: 'none' } }],
    [{ load: 'sometimes' }],
    [{ storeDown: 'ignore' }],
  ])('fails with a TypeError for options that cannot be: %o', async (options) => {
    const app = Fastify()
    app.register(sessionPlugin, { sessions: createSessions().sessions, ...(options as object) })
    await expect(app.ready()).rejects.toThrow(expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' }))
  })

  it('makes request.session for whoever registers it, and for what is inside of that', async () => {
    const { app, sessions } = await createApp()
    app.get(
      '/outer',
      async (request) => (request as unknown as { session: unknown }).session === sessionOf(request, sessions),
    )
    app.register(async (inner) => {
      inner.get(
        '/inner',
        async (request) => (request as unknown as { session: unknown }).session === sessionOf(request, sessions),
      )
    })
    expect((await app.inject('/outer')).json()).toBe(true)
    expect((await app.inject('/inner')).json()).toBe(true)
  })

  it('twice with one session store leaves a request one session, and the later options count', async () => {
    const { app, sessions, calls, knownCookie } = await createApp()
    app.get('/outer', async (request) => sessionOf(request, sessions).isLoaded)
    app.register(async (inner) => {
      await inner.register(sessionPlugin, { sessions, load: 'none' })
      inner.get('/inner', async (request) => sessionOf(request, sessions).isLoaded)
    })
    const cookie = await knownCookie()
    expect((await app.inject({ url: '/outer', headers: { cookie } })).json()).toBe(true)
    expect(calls).toEqual(['get'])
    expect((await app.inject({ url: '/inner', headers: { cookie } })).json().message).toMatch(/load: 'none'/)
  })

  it('twice with one session store commits and sets the cookie once', async () => {
    const { app, sessions, calls } = await createApp()
    await app.register(sessionPlugin, { sessions, cookie: { secure: false } })
    app.get('/', async (request) => {
      sessionOf(request, sessions).data.user = 'Ada'
      return 'stored'
    })
    expect(cookiesOf(await app.inject('/'))).toHaveLength(1)
    expect(calls).toEqual(['compareAndSet'])
  })

  it('twice with one session store keeps what a hook between the two has changed', async () => {
    const { app, sessions } = await createApp()
    app.addHook('onRequest', async (request) => void (sessionOf(request, sessions).data.count = 7))
    await app.register(sessionPlugin, { sessions })
    app.get('/', async (request) => sessionOf(request, sessions).data.count)
    expect((await app.inject('/')).json()).toBe(7)
  })

  it('in two places apart gives each its own session store', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    for (const name of ['shop', 'office']) {
      const { sessions } = createSessions()
      app.register(async (part) => {
        await part.register(sessionPlugin, { sessions, cookie: { name, secure: false } })
        part.get(`/${name}`, async (request) => {
          sessionOf(request, sessions).data.user = name
          return name
        })
      })
    }
    expect(cookiesOf(await app.inject('/shop'))[0]).toMatch(/^shop=/)
    expect(cookiesOf(await app.inject('/office'))[0]).toMatch(/^office=/)
  })

  it('fails where another session store has request.session', async () => {
    const { app } = await createApp()
    app.register(sessionPlugin, { sessions: createSessions().sessions })
    await expect(app.ready()).rejects.toThrow(/request\.session is taken/)
  })

  it('fails where another plugin has request.session', async () => {
    const app = Fastify()
    app.decorateRequest('session' as string, null)
    app.register(sessionPlugin, { sessions: createSessions().sessions })
    await expect(app.ready()).rejects.toThrow(expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' }))
  })

  it('takes a session store of any data and messages', async () => {
    const sessions = createSessionStore<{ a: 1 }, { text: string }>(createMemoryStore(), { secrets: 'x'.repeat(32) })
    const app = Fastify()
    app.register(sessionPlugin, { sessions, load: (request) => (request.method === 'GET' ? 'lazy' : 'eager') })
    await app.ready()
    await app.close()
  })
})

describe('sessionOf', () => {
  it('says so where the plugin was not registered', async () => {
    const app = Fastify()
    const { sessions } = createSessions()
    app.get('/', async (request) => sessionOf(request, sessions).isNew)
    expect((await app.inject('/')).json().message).toMatch(/sessionPlugin must be registered/)
  })

  it('says so where another store was registered', async () => {
    const { app } = await createApp()
    const { sessions } = createSessions()
    app.get('/', async (request) => sessionOf(request, sessions).isNew)
    expect((await app.inject('/')).json().message).toMatch(/another session store/)
  })

  it('says so in a hook that runs before the plugin', async () => {
    const { sessions } = createSessions()
    const app = Fastify()
    app.addHook('onRequest', async (request) => void sessionOf(request, sessions).isNew)
    await app.register(sessionPlugin, { sessions })
    app.get('/', async () => 'never')
    const answer = await app.inject('/')
    expect([answer.statusCode, answer.json().message]).toEqual([500, expect.stringMatching(/sessionPlugin must be/)])
  })
})

describe('a route', () => {
  it.each([
    ['eager', ['get']],
    ['lazy', []],
    ['none', []],
  ] as const)("with config: { session: '%s' } has it whatever the plugin's load says", async (session, expected) => {
    for (const load of ['eager', 'lazy', 'none'] as const) {
      const { app, calls, knownCookie } = await createApp({ load })
      app.get('/', { config: { session } }, async () => 'not asked')
      const cookie = await knownCookie()
      expect((await app.inject({ url: '/', headers: { cookie } })).body).toBe('not asked')
      expect(calls).toEqual(expected)
    }
  })

  it('with another word there is an error of its requests', async () => {
    const { app } = await createApp()
    app.get('/', { config: { session: 'never' as 'none' } }, async () => 'never')
    const answer = await app.inject('/')
    expect([answer.statusCode, answer.json().message]).toEqual([500, expect.stringMatching(/^load must be/)])
  })

  it('that nobody wrote (404) has a session, too, and no cost', async () => {
    const { app, sessions, calls, knownCookie } = await createApp({ load: 'lazy' })
    app.setNotFoundHandler(async (request, reply) => {
      await sessionOf(request, sessions).load()
      return reply.code(404).send(`nothing here, ${sessionOf(request, sessions).data.user}`)
    })
    const cookie = await knownCookie()
    expect((await app.inject({ url: '/nowhere', headers: { cookie } })).body).toBe('nothing here, Ada')
    expect(calls).toEqual(['get'])
  })

  it('that an earlier hook answers has no session', async () => {
    const { sessions } = createSessions()
    const app = Fastify()
    app.addHook('onRequest', (_request, reply) => void reply.code(401).send('who are you?'))
    await app.register(sessionPlugin, { sessions })
    app.get('/', async () => 'never')
    const answer = await app.inject('/')
    expect([answer.statusCode, answer.body, answer.headers.vary]).toEqual([401, 'who are you?', undefined])
  })
})

describe('a commit that fails', () => {
  const failing = async () => {
    const made = await createApp()
    made.store.fail('compareAndSet', { times: Number.POSITIVE_INFINITY })
    const write = (request: object) => void (sessionOf(request, made.sessions).data.count = 1)
    return { ...made, write }
  }

  it('destroys the stream that was to be sent', async () => {
    const { app, write } = await failing()
    const stream = Readable.from(['never sent'])
    app.get('/', async (request) => {
      write(request)
      return stream
    })
    expect((await app.inject('/')).statusCode).toBe(503)
    expect(stream.destroyed).toBe(true)
  })

  it.each(['a web stream', 'a Response'])('cancels %s', async (kind) => {
    const { app, write } = await failing()
    let reason: unknown = 'not cancelled'
    const stream = new ReadableStream({ cancel: (why) => void (reason = why) })
    app.get('/', async (request, reply) => {
      write(request)
      return reply.send(kind === 'a web stream' ? stream : new Response(stream))
    })
    expect((await app.inject('/')).statusCode).toBe(503)
    expect(reason).toBeUndefined()
  })

  it('takes the headers of the handler away, not those of earlier hooks', async () => {
    const { sessions, store } = createSessions()
    store.fail('compareAndSet')
    const app = Fastify()
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('x-earlier', 'kept').header('set-cookie', ['a=1'])
      reply.raw.setHeader('x-raw', 'kept')
    })
    await app.register(sessionPlugin, { sessions, cookie: { secure: false } })
    app.get('/', async (request, reply) => {
      sessionOf(request, sessions).data.count = 1
      reply.raw.setHeader('x-late', 'dropped')
      return reply
        .code(201)
        .headers({ 'x-handler': 'dropped', 'x-earlier': 'changed' })
        .header('set-cookie', 'b=2')
        .send('made')
    })
    const { statusCode, headers } = await app.inject('/')
    expect(statusCode).toBe(503)
    expect(headers).toMatchObject({ 'x-earlier': 'kept', 'x-raw': 'kept', 'set-cookie': ['a=1'], vary: 'Cookie' })
    expect(headers).not.toHaveProperty('x-handler')
    expect(headers).not.toHaveProperty('x-late')
  })

  it('is 500 for an error without a status, whatever status the handler gave', async () => {
    const { app, store, write } = await failing()
    store.recover()
    store.fail('compareAndSet', { error: new Error('something else') })
    app.get('/', async (request, reply) => {
      write(request)
      return reply.code(201).send('made')
    })
    expect((await app.inject('/')).statusCode).toBe(500)
  })

  it('tells caches and the browser what they have to know even when the error handlers have had their turn', async () => {
    const { app, sessions, store } = await createApp()
    app.setErrorHandler(async () => {
      throw new Error('the error page is broken as well')
    })
    app.get('/', async (request) => {
      const session = sessionOf(request, sessions)
      session.data.user = 'Ada'
      await session.commit()
      session.data.count = 1
      store.fail('compareAndSet')
      throw new Error('the handler is broken')
    })
    const answer = await app.inject('/')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers).toMatchObject({ vary: 'Cookie', 'cache-control': 'private, no-store' })
    expect(cookiesOf(answer)).toEqual([expect.stringMatching(/^sid=1/)])
  })
})

describe('a stream', () => {
  it('that fails while the session is being stored is an error page', async () => {
    const { app, sessions, store } = await createApp()
    const gate = store.hold('compareAndSet')
    const stream = new Readable({ read: () => {} })
    app.get('/', async (request) => {
      sessionOf(request, sessions).data.count = 1
      return stream
    })
    const answer = app.inject('/')
    await gate.arrived
    // Not events.once, which would listen for the error.
    const closed = new Promise((resolve) => stream.once('close', resolve))
    stream.destroy(new Error('the file is not there'))
    await closed
    gate.release()
    expect([(await answer).statusCode, (await answer).json().message]).toEqual([500, 'the file is not there'])
  })

  it('finds the session sealed when the headers have left', async () => {
    const { app, sessions } = await createApp()
    app.get('/', async (request) => {
      const session = sessionOf(request, sessions)
      session.data.user = 'Ada'
      return Readable.from(
        (async function* () {
          yield `${session.data.user} `
          try {
            session.data.count = 1
          } catch (error) {
            yield (error as { code: string }).code
          }
        })(),
      )
    })
    expect((await app.inject('/')).body).toBe('Ada session-sealed')
  })
})

describe('an onSend hook after ours', () => {
  it('that fails makes an error page that still has the cookie, once', async () => {
    const { app, sessions, calls } = await createApp()
    app.addHook('onSend', async (_request, reply) => {
      if (reply.statusCode === 200) throw new Error('cannot compress')
    })
    app.get('/', async (request) => {
      sessionOf(request, sessions).data.user = 'Ada'
      return 'stored'
    })
    const answer = await app.inject('/')
    expect([answer.statusCode, answer.json().message]).toEqual([500, 'cannot compress'])
    expect(cookiesOf(answer)).toEqual([expect.stringMatching(/^sid=1/)])
    expect(calls).toEqual(['compareAndSet'])
  })
})

describe('over http2', () => {
  it('a session is kept', async () => {
    const { sessions } = createSessions()
    const app = Fastify({ http2: true })
    onTestFinished(() => app.close())
    await app.register(sessionPlugin, { sessions, cookie: { secure: false } })
    app.get('/', async (request) => {
      const session = sessionOf(request, sessions)
      const { count = 0 } = session.data
      session.data.count = count + 1
      return count
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { connect } = await import('node:http2')
    const client = connect(app.listeningOrigin)
    onTestFinished(() => client.close())
    const get = async (headers: Record<string, string[]>) => {
      const stream = client.request({ ':path': '/', ...headers })
      const [answer] = (await once(stream, 'response')) as [Record<string, string[]>]
      const text = (await stream.setEncoding('utf8').toArray()).join('')
      return { text, cookie: answer['set-cookie']?.[0]?.split(';')[0] ?? '' }
    }
    const first = await get({})
    expect(first.text).toBe('0')
    // Browsers may split their cookies over several headers here.
    expect((await get({ cookie: ['a=b', first.cookie] })).text).toBe('1')
  })
})
