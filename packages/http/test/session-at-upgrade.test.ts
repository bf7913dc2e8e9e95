import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSessionStore, type Session } from '@transient/core'
import { type SessionUpgradeOptions, sessionAtUpgrade } from '@transient/http'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { secret, type Visit } from './site.ts'
import { createStagedStore } from './staged-store.ts'

const plain: SessionUpgradeOptions = { cookie: { secure: false } }

/** A chat: whoever has a session of a user may stay as long as it lives. */
async function openChat(options: SessionUpgradeOptions = plain) {
  const staged = createStagedStore()
  const sessions = createSessionStore<Visit>(staged.store, { secrets: secret, deadline: 5000 })
  const sockets = new WebSocketServer({ noServer: true })
  const watches: AsyncDisposable[] = []
  const server = createServer()

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const session = await sessionAtUpgrade(request, sessions, options)
    if (session.userId === undefined) return refuse(socket, { status: 401 })
    sockets.handleUpgrade(request, socket, head, (connection) => {
      const leave = (reason: string) => connection.close(4001, reason)
      void sessions.watch(session, leave, { every: '1h' }).then((watch) => {
        watches.push(watch)
        connection.on('message', () => void answer(session, connection))
        connection.send(`hello ${session.userId} ${session.data.name}`)
      }, leave)
    })
  }
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    upgrade(request, socket, head).catch((error: { status?: number }) => refuse(socket, error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const watch of watches) await watch[Symbol.asyncDispose]()
    for (const connection of sockets.clients) connection.terminate()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo

  async function login(userId: string) {
    const session = await sessions.load()
    session.data.name = 'Åsa'
    await session.login(userId)
    return { session, headers: { cookie: `sid=${session.token}` } }
  }
  return { ...staged, server, sessions, port, login, connect: (headers = {}) => connect(port, headers) }
}

async function answer(session: Session<Visit>, connection: WebSocket): Promise<void> {
  const visits = await session.update('visits', (before = 0) => before + 1)
  connection.send(`message ${visits}`)
}

function refuse(socket: Duplex, { status = 500 }: { status?: number }): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\n\r\n`)
}

function connect(port: number, headers: Record<string, string>) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, { headers })
  const heard: string[] = []
  const waiting: ((text: string) => void)[] = []
  socket.on('message', (data) => {
    const text = (data as Buffer).toString()
    const next = waiting.shift()
    if (next === undefined) heard.push(text)
    else next(text)
  })
  return {
    socket,
    hear: () =>
      new Promise<string>((resolve) => {
        const text = heard.shift()
        if (text === undefined) waiting.push(resolve)
        else resolve(text)
      }),
    closed: once(socket, 'close').then(([code, reason]) => [code, (reason as Buffer).toString()] as const),
    status: new Promise<number>((resolve) => {
      socket.on('unexpected-response', (request, response) => {
        resolve(response.statusCode ?? 0)
        request.destroy()
      })
      socket.on('error', () => {})
    }),
  }
}

describe('a WebSocket', () => {
  it('has the session of the visitor, and changes it', async () => {
    const { login, connect, sessions } = await openChat()
    const { session, headers } = await login('asa')
    const chat = connect(headers)
    expect(await chat.hear()).toBe('hello asa Åsa')
    chat.socket.send('one')
    expect(await chat.hear()).toBe('message 1')
    chat.socket.send('two')
    expect(await chat.hear()).toBe('message 2')
    expect((await sessions.load(session.token)).data.visits).toBe(2)
  })

  it('is closed with the reason when the session is revoked', async () => {
    const { login, connect, sessions } = await openChat()
    const { headers } = await login('asa')
    const chat = connect(headers)
    await chat.hear()
    await sessions.revoke('asa')
    expect(await chat.closed).toEqual([4001, 'revoked'])
  })

  it('outlives a renewal of the id', async () => {
    const { login, connect, sessions } = await openChat()
    const { session, headers } = await login('asa')
    const chat = connect(headers)
    await chat.hear()
    await session.renew()
    chat.socket.send('one')
    expect(await chat.hear()).toBe('message 1')
    await sessions.revoke('asa')
    expect((await chat.closed)[1]).toBe('revoked')
  })

  it('of a stranger is refused', async () => {
    const { connect, calls } = await openChat()
    expect(await connect({}).status).toBe(401)
    expect(await connect({ cookie: 'sid=forged' }).status).toBe(401)
    expect(calls).toEqual([])
  })

  it('that a page of another site opens is refused, whatever its cookie, and reads nothing', async () => {
    const { login, connect, calls, port } = await openChat()
    const { headers } = await login('asa')
    calls.length = 0
    for (const foreign of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      expect(await connect({ ...headers, ...foreign }).status).toBe(403)
    expect(calls).toEqual([])
  })

  it('of our own page, or of one we trust, is not', async () => {
    const { login, connect, port } = await openChat({ ...plain, trustedOrigins: ['https://partner.example'] })
    const { headers } = await login('asa')
    for (const origin of [`http://127.0.0.1:${port}`, 'https://partner.example'])
      expect(await connect({ ...headers, origin }).hear()).toBe('hello asa Åsa')
  })

  it('that hangs up while the store is asked leaves the others alone', async () => {
    const { login, connect, server, port, hold } = await openChat()
    const { headers } = await login('asa')
    const gate = hold('get')
    const gone = new Promise((resolve) => {
      server.once('upgrade', (_request, socket) => socket.once('close', resolve))
    })
    const impatient = connectTcp(port, '127.0.0.1')
    impatient.on('error', () => {})
    const lines = ['GET /chat HTTP/1.1', 'Host: 127.0.0.1', 'Connection: Upgrade', 'Upgrade: websocket']
    impatient.write([...lines, `Cookie: ${headers.cookie}`, '', ''].join('\r\n'))
    await gate.arrived
    impatient.resetAndDestroy()
    await gone
    gate.open()
    expect(await connect(headers).hear()).toBe('hello asa Åsa')
  })

  it('meets a store that is down with the status of that', async () => {
    const { login, connect, fail } = await openChat()
    const { headers } = await login('asa')
    fail('unavailable')
    expect(await connect(headers).status).toBe(503)
  })
})

describe('the session at an upgrade', () => {
  const sessions = createSessionStore<Visit>(createMemoryStore(), { secrets: secret })
  const requestWith = (headers: Record<string, string>) => ({ headers, socket: {} }) as unknown as IncomingMessage

  it('of a visitor without one is empty and sealed, for nobody could be told of a new one', async () => {
    const session = await sessionAtUpgrade(requestWith({}), sessions)
    expect([session.isLoaded, session.isNew, session.data]).toEqual([true, true, {}])
    const sealed = { code: 'session-sealed' }
    expect(() => (session.data.name = 'Åsa')).toThrow(expect.objectContaining(sealed))
    await expect(session.update('name', () => 'Åsa')).rejects.toMatchObject(sealed)
    await expect(session.login('asa')).rejects.toMatchObject(sealed)
  })

  it('keeps its id: what would change it rejects, and says why; the rest works', async () => {
    const before = await sessions.load()
    await before.login('asa')
    const { token } = before
    const session = await sessionAtUpgrade(requestWith({ cookie: `__Host-sid=${token}` }), sessions)
    for (const change of [
      () => session.renew(),
      () => session.login('bo'),
      () => session.logout(),
      () => session.setLifetime({ persistent: true }),
    ])
      await expect(change()).rejects.toMatchObject({
        code: 'session-sealed',
        message: expect.stringMatching(/cannot give out a new cookie/),
      })
    session.data.name = 'Åsa'
    await session.commit()
    expect(session.token).toBe(token)
    expect((await sessions.load(token)).data.name).toBe('Åsa')
    await session.destroy()
    expect((await sessions.load(token)).isNew).toBe(true)
  })

  it('is found for a web-standard request, too', async () => {
    const before = await sessions.load()
    before.data.name = 'Åsa'
    await before.commit()
    const headers = { cookie: `__Host-sid=${before.token}`, origin: 'https://shop.example' }
    const session = await sessionAtUpgrade(new Request('https://shop.example/chat', { headers }), sessions)
    expect(session.data.name).toBe('Åsa')
    const foreign = new Request('https://shop.example/chat', {
      headers: { ...headers, origin: 'https://evil.example' },
    })
    await expect(sessionAtUpgrade(foreign, sessions)).rejects.toMatchObject({ status: 403, code: 'csrf' })
  })

  it('is looked for in the cookie that the middleware uses', async () => {
    const before = await sessions.load()
    before.data.name = 'Åsa'
    await before.commit()
    const options = { cookie: { secure: 'auto' }, trustProxy: true } as const
    const cookie = `sid=${before.token}`
    const session = await sessionAtUpgrade(requestWith({ cookie }), sessions, options)
    expect(session.data.name).toBe('Åsa')
    const byHttps = await sessionAtUpgrade(requestWith({ cookie, 'x-forwarded-proto': 'https' }), sessions, options)
    expect(byHttps.isNew).toBe(true)
  })

  it('needs a request, and options that can be', async () => {
    await expect(sessionAtUpgrade({} as IncomingMessage, sessions)).rejects.toThrow(/needs a request/)
    const wrong = { cookie: { name: '' } }
    await expect(sessionAtUpgrade(requestWith({}), sessions, wrong)).rejects.toThrow(TypeError)
    await expect(sessionAtUpgrade(requestWith({}), sessions, { origin: 'here' })).rejects.toThrow(/origin must be/)
  })
})
