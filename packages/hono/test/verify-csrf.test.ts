import { type SessionEnv, sessionMiddleware, type VerifyCsrfOptions, verifyCsrf } from '@transient/hono'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { createSessions, type Data, plainHttp } from './app.ts'

async function createForm(options: VerifyCsrfOptions = {}) {
  const { sessions } = createSessions()
  const posted: unknown[] = []
  const app = new Hono<SessionEnv<Data>>()
  app.use(async (c, next) => {
    c.header('x-earlier', 'kept')
    await next()
  })
  app.use(sessionMiddleware(sessions, { ...plainHttp, load: (c) => (c.req.path === '/none' ? 'none' : 'eager') }))
  app.use(verifyCsrf(sessions, options))
  app.get('/token', (c) => c.text(c.get('session').csrfToken()))
  app.post('/form', async (c) => {
    posted.push(await c.req.parseBody())
    return c.text('posted')
  })
  app.post('/raw', async (c) => c.text(String((await c.req.raw.formData()).get('name'))))
  app.post('/none', (c) => c.text('never'))
  app.onError((error, c) => {
    const { status = 500, code } = error as { status?: 403; code?: string }
    return c.text(`error: ${code ?? error.message}`, status)
  })
  const first = await app.request('/token')
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] as string
  const token = await first.text()
  const post = (path: string, body?: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
    app.request(path, { method: 'POST', headers: { cookie, ...headers }, ...(body !== undefined && { body }) })
  const formOf = (fields: Record<string, string>) => {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    return form
  }
  return { app, token, post, posted, formOf }
}

describe('verifyCsrf', () => {
  it('lets a form with its token through, of either kind, and the handler reads it as it likes', async () => {
    const { token, post, posted, formOf } = await createForm()
    const fields = { _csrf: token, name: 'Ada' }
    expect((await post('/form', new URLSearchParams(fields))).status).toBe(200)
    expect((await post('/form', formOf(fields))).status).toBe(200)
    expect(posted).toEqual([fields, fields])
    expect(await (await post('/raw', new URLSearchParams(fields))).text()).toBe('Ada')
  })

  it('lets a request with the token in the header through, whatever its body', async () => {
    const { token, post } = await createForm()
    expect((await post('/form', '{}', { 'x-csrf-token': token, 'content-type': 'application/json' })).status).toBe(200)
  })

  it('answers a form without one with a page of status 403, and the handler does not run', async () => {
    const { post, posted } = await createForm()
    const answer = await post('/form', new URLSearchParams({ name: 'Ada' }), { accept: 'text/html' })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    expect(await answer.text()).toMatch(/<h1>/)
    expect([answer.headers.get('vary'), answer.headers.get('x-earlier')]).toEqual(['Cookie', 'kept'])
    expect(posted).toEqual([])
  })

  it('does not look into a form that is longer than maxFormSize', async () => {
    const { token, post } = await createForm({ maxFormSize: 1000 })
    const fields = (size: number) => new URLSearchParams({ _csrf: token, name: 'x'.repeat(size) })
    expect((await post('/form', fields(10))).status).toBe(200)
    expect((await post('/form', fields(1000))).status).toBe(403)
  })

  it('leaves alone what changes nothing, and what is to be skipped', async () => {
    const { app, post } = await createForm({ skip: (c) => c.req.header('authorization') !== undefined })
    expect((await app.request('/token', { method: 'HEAD' })).status).toBe(200)
    expect((await post('/form', undefined, { authorization: 'Bearer x' })).status).toBe(200)
    expect((await post('/form')).status).toBe(403)
  })

  it('refuses to guess on a route that has no session', async () => {
    const { post } = await createForm()
    const answer = await post('/none')
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringMatching(/load: 'none'/)])
  })

  it("with onFailure: 'throw' leaves the answer to app.onError", async () => {
    const { post, posted } = await createForm({ onFailure: 'throw' })
    const answer = await post('/form')
    expect([answer.status, await answer.text(), posted]).toEqual([403, 'error: csrf', []])
  })

  it('believes a proxy that is trusted, for all requests or by the context', async () => {
    const proxied = { origin: 'https://shop.example', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example' }
    for (const [trustProxy, status] of [
      [true, 200],
      [false, 403],
      [() => true, 200],
      [() => false, 403],
    ] as const) {
      const { token, post } = await createForm({ trustProxy })
      expect((await post('/form', undefined, { ...proxied, 'x-csrf-token': token })).status).toBe(status)
    }
  })

  it('is a TypeError for options that cannot be', () => {
    const { sessions } = createSessions()
    const fault = expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' })
    expect(() => verifyCsrf(sessions, { header: 'no header' })).toThrow(fault)
    expect(() => verifyCsrf(sessions, { trustProxy: 'loopback' as never })).toThrow(fault)
  })
})
