import { createServer } from 'node:http'
import { createSessionStore } from '@transient/core'
import { sessionMiddleware, sessionOf, type VerifyCsrfOptions, verifyCsrf } from '@transient/koa'
import { createMemoryStore } from '@transient/memory'
import Koa from 'koa'
import { expect, it, onTestFinished } from 'vitest'
import { openServer } from './open-server.ts'

const secrets = 'a secret of the tests, long enough for anyone'

async function openForm(options?: VerifyCsrfOptions) {
  const sessions = createSessionStore(createMemoryStore(), { secrets })
  const app = new Koa()
  const errors: unknown[] = []
  app.on('error', (error: unknown) => errors.push(error))
  app.use(sessionMiddleware(sessions, { cookie: { secure: false } }))
  app.use(async (ctx, next) => {
    const body = ctx.get('x-body')
    if (body !== '') Object.assign(ctx.request, { body: JSON.parse(body) as unknown })
    await next()
  })
  app.use(verifyCsrf(sessions, options))
  app.use((ctx) => {
    ctx.body = ctx.method === 'POST' ? 'paid' : sessionOf(ctx, sessions).csrfToken()
  })
  const { origin, stop } = await openServer(createServer(app.callback()))
  onTestFinished(stop)
  const form = await fetch(origin)
  const cookie = (form.headers.getSetCookie()[0] ?? '').split(';')[0] as string
  const token = await form.text()
  const post = (headers: Record<string, string>, path = '/') =>
    fetch(origin + path, { method: 'POST', headers: { cookie, ...headers } })
  return { origin, token, post, errors }
}

it('lets a form with the token through, and answers one without', async () => {
  const { token, post } = await openForm()
  expect(await (await post({ 'x-csrf-token': token })).text()).toBe('paid')
  expect(await (await post({ 'x-body': JSON.stringify({ _csrf: token }) })).text()).toBe('paid')
  const refused = await post({ accept: 'application/json' })
  expect([refused.status, refused.headers.get('content-type')]).toEqual([403, 'application/json'])
  expect(await refused.json()).toMatchObject({ error: 'csrf' })
  expect(refused.headers.get('cache-control')).toBe('private, no-store')
})

it('knows its own origin, which behind a proxy is what app.proxy or trustProxy lets it believe', async () => {
  const { origin, token, post } = await openForm()
  const header = { 'x-csrf-token': token }
  expect((await post({ ...header, origin })).status).toBe(200)
  expect((await post({ ...header, origin: 'https://evil.example' })).status).toBe(403)
  const forwarded = { 'x-forwarded-host': 'shop.example', 'x-forwarded-proto': 'https', origin: 'https://shop.example' }
  expect((await post({ ...header, ...forwarded })).status).toBe(403)
  const behind = await openForm({ trustProxy: true })
  expect((await behind.post({ 'x-csrf-token': behind.token, ...forwarded })).status).toBe(200)
})

it("throws with onFailure: 'throw', and is silent where it is to skip", async () => {
  const { post, errors } = await openForm({ onFailure: 'throw', skip: ({ path }) => path === '/hook' })
  const refused = await post({})
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('could not be accepted')])
  expect(errors).toEqual([expect.objectContaining({ code: 'csrf', problem: 'no-token' })])
  expect((await post({}, '/hook')).status).toBe(200)
})
