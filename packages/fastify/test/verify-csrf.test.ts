import { sessionOf, type VerifyCsrfOptions, verifyCsrf } from '@transient/fastify'
import { describe, expect, it } from 'vitest'
import { createApp, type TestApp } from './app.ts'

async function createForm(options: VerifyCsrfOptions = {}, prepare: (app: TestApp) => void = () => {}) {
  const made = await createApp()
  const { app, sessions } = made
  let posts = 0
  prepare(made)
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  app.addHook('preValidation', verifyCsrf(sessions, options))
  app.get('/token', async (request) => sessionOf(request, sessions).csrfToken())
  app.post('/form', async () => `posted ${++posts}`)
  app.post('/hook', { config: { csrf: false } }, async () => 'open to machines')
  app.post('/none', { config: { session: 'none' } }, async () => 'never')
  const first = await app.inject('/token')
  const cookie = String(first.headers['set-cookie']).split(';')[0] as string
  return { ...made, cookie, token: first.body, posts: () => posts }
}

describe('verifyCsrf', () => {
  it('lets a form with its token through, as a field or as a header', async () => {
    const { app, cookie, token } = await createForm()
    const field = await app.inject({
      method: 'POST',
      url: '/form',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ _csrf: token }).toString(),
    })
    expect([field.statusCode, field.body]).toEqual([200, 'posted 1'])
    const header = await app.inject({ method: 'POST', url: '/form', headers: { cookie, 'x-csrf-token': token } })
    expect([header.statusCode, header.body]).toEqual([200, 'posted 2'])
    const json = await app.inject({ method: 'POST', url: '/form', headers: { cookie }, payload: { _csrf: token } })
    expect([json.statusCode, json.body]).toEqual([200, 'posted 3'])
  })

  it('answers a form without one with a page of status 403, and the handler does not run', async () => {
    const { app, cookie, posts } = await createForm()
    const answer = await app.inject({ method: 'POST', url: '/form', headers: { cookie, accept: 'text/html' } })
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([403, 'text/html; charset=utf-8'])
    expect(answer.headers.vary).toBe('Cookie')
    expect(posts()).toBe(0)
  })

  it('holds the handler back also while the refusal waits for the store', async () => {
    const { app, store, posts } = await createForm({}, ({ app, sessions }) => {
      app.addHook('onRequest', async (request) => void (sessionOf(request, sessions).data.count = 1))
    })
    const gate = store.hold('compareAndSet')
    const answer = app.inject({ method: 'POST', url: '/form' })
    await gate.arrived
    expect(posts()).toBe(0)
    gate.release()
    expect([(await answer).statusCode, posts()]).toEqual([403, 0])
  })

  it('leaves alone what changes nothing, and routes that say csrf: false', async () => {
    const { app } = await createForm()
    expect((await app.inject({ method: 'HEAD', url: '/token' })).statusCode).toBe(200)
    expect((await app.inject({ method: 'POST', url: '/hook' })).body).toBe('open to machines')
  })

  it('refuses to guess on a route that has no session', async () => {
    const { app } = await createForm()
    const answer = await app.inject({ method: 'POST', url: '/none' })
    expect([answer.statusCode, answer.json().message]).toEqual([500, expect.stringMatching(/load: 'none'/)])
  })

  it("with onFailure: 'throw' leaves the answer to the error handler", async () => {
    const { app, cookie, posts } = await createForm({ onFailure: 'throw' }, ({ app }) => {
      app.setErrorHandler((error: { statusCode: number; code: string }, _request, reply) =>
        reply.code(error.statusCode).send(`refused: ${error.code}`),
      )
    })
    const answer = await app.inject({ method: 'POST', url: '/form', headers: { cookie } })
    expect([answer.statusCode, answer.body, posts()]).toEqual([403, 'refused: csrf', 0])
  })

  it('can be the hook of one route', async () => {
    const { app, sessions } = await createApp()
    app.post('/checked', { preValidation: verifyCsrf(sessions) }, async () => 'never')
    app.post('/open', async () => 'open')
    expect((await app.inject({ method: 'POST', url: '/checked' })).statusCode).toBe(403)
    expect((await app.inject({ method: 'POST', url: '/open' })).statusCode).toBe(200)
  })

  it('believes a proxy if Fastify does', async () => {
    for (const trustProxy of [true, false]) {
      const { app, sessions } = await createApp({}, { trustProxy })
      app.get('/token', async (request) => sessionOf(request, sessions).csrfToken())
      app.post('/form', { preValidation: verifyCsrf(sessions) }, async () => 'posted')
      const first = await app.inject('/token')
      const answer = await app.inject({
        method: 'POST',
        url: '/form',
        headers: {
          cookie: String(first.headers['set-cookie']).split(';')[0],
          'x-csrf-token': first.body,
          origin: 'https://shop.example',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'shop.example',
        },
      })
      expect(answer.statusCode).toBe(trustProxy ? 200 : 403)
    }
  })

  it('is a TypeError for options that cannot be', async () => {
    const { sessions } = await createApp()
    const fault = expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' })
    expect(() => verifyCsrf(sessions, { field: '' })).toThrow(fault)
    expect(() => verifyCsrf(sessions, { trustedOrigins: ['shop.example'] })).toThrow(fault)
  })
})
