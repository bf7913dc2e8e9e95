import { createServer, type RequestListener } from 'node:http'
import { createSessionStore } from '@transient/core'
import { type CsrfError, sessionMiddleware, sessionOf, type VerifyCsrfOptions, verifyCsrf } from '@transient/express'
import { createMemoryStore } from '@transient/memory'
import express5, { type ErrorRequestHandler } from 'express'
import express4 from 'express-4'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openServer } from './open-server.ts'

const secrets = 'a secret of the tests, long enough for anyone'

describe.each([
  ['Express 5', express5],
  ['Express 4', express4 as unknown as typeof express5],
])('%s', (_, express) => {
  async function openForm(options?: VerifyCsrfOptions, trust: unknown = false) {
    const sessions = createSessionStore<{ name: string }>(createMemoryStore(), { secrets })
    const app = express()
    app.set('trust proxy', trust)
    app.use(sessionMiddleware(sessions, { cookie: { secure: false } }))
    app.use(express.urlencoded({ extended: true }), express.json())
    app.use(verifyCsrf(sessions, options))
    app.get('/', (request, response) => void response.send(sessionOf(request, sessions).csrfToken()))
    app.use((request, response, next) => (request.method === 'POST' ? void response.send('paid') : next()))
    app.use(((error: CsrfError, _request, response, _next) => {
      response.status(error.status).send(`handled: ${error.code} ${error.problem}`)
    }) satisfies ErrorRequestHandler)
    const { origin, stop } = await openServer(createServer(app as RequestListener))
    onTestFinished(stop)
    const form = await fetch(origin)
    const cookie = (form.headers.getSetCookie()[0] ?? '').split(';')[0] as string
    const token = await form.text()
    const post = (headers: Record<string, string> = {}, body?: URLSearchParams | string, path = '/') =>
      fetch(origin + path, { method: 'POST', headers: { cookie, ...headers }, ...(body !== undefined && { body }) })
    return { origin, token, post }
  }

  it('lets a form with the token through: in the header, a field, a field of JSON; and answers one without', async () => {
    const { token, post } = await openForm()
    const json = { 'content-type': 'application/json' }
    expect(await (await post({ 'x-csrf-token': token })).text()).toBe('paid')
    expect(await (await post({}, new URLSearchParams({ _csrf: token }))).text()).toBe('paid')
    expect(await (await post(json, JSON.stringify({ _csrf: token }))).text()).toBe('paid')
    const refused = await post()
    expect([refused.status, refused.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    expect([refused.headers.get('vary'), refused.headers.get('cache-control')]).toEqual(['Cookie', 'private, no-store'])
  })

  it.each([
    ['a list', (token: string) => `_csrf[]=${token}`],
    ['an object', (token: string) => `_csrf[a]=${token}`],
    ['a repeated field', (token: string) => `_csrf=${token}&_csrf=${token}`],
    ['a prototype', (token: string) => `__proto__[_csrf]=${token}&constructor[prototype][_csrf]=${token}`],
  ])('does not take %s for a token, and pollutes nothing', async (_name, form) => {
    const { token, post } = await openForm()
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await post(type, form(token))).status).toBe(403)
    expect(({} as { _csrf?: unknown })._csrf).toBe(undefined)
  })

  it('knows its own origin, which behind a proxy is what the application trusts', async () => {
    const forwarded = {
      'x-forwarded-host': 'shop.example',
      'x-forwarded-proto': 'https',
      origin: 'https://shop.example',
    }
    for (const [options, trust, status] of [
      [{}, false, 403],
      [{}, 'loopback', 200],
      [{}, '10.0.0.1', 403],
      [{ trustProxy: true }, false, 200],
      [{ trustProxy: false }, true, 403],
    ] as const) {
      const { token, post, origin } = await openForm(options, trust)
      expect((await post({ 'x-csrf-token': token, origin })).status).toBe(200)
      expect([options, trust, (await post({ 'x-csrf-token': token, ...forwarded })).status]).toEqual([
        options,
        trust,
        status,
      ])
    }
  })

  it("goes to the error handlers with onFailure: 'throw', and skips what is to be skipped", async () => {
    const { token, post } = await openForm({ onFailure: 'throw', skip: ({ path }) => path === '/hook' })
    expect(await (await post()).text()).toBe('handled: csrf no-token')
    expect(await (await post({ 'x-csrf-token': `${token}x` })).text()).toBe('handled: csrf wrong-token')
    expect(await (await post({ origin: 'https://evil.example' })).text()).toBe('handled: csrf foreign-origin')
    expect((await post({}, undefined, '/hook')).status).toBe(200)
  })
})
