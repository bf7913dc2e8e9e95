import type { RequestListener } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { type SessionEnv, sessionMiddleware, verifyCsrf } from '@transient/hono'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { fieldsOf, longestForm, parseForm, tooLong } from '../form.ts'
import { isFromHere } from '../origin.ts'
import { type Answer, type Ask, notFound } from '../route.ts'
import { type Shop, safetyHeaders, storeDown, styleHeaders } from '../shop.ts'
import { style } from '../style.ts'
import type { Visit } from '../visit.ts'

type Env = SessionEnv<Visit> & { Bindings: HttpBindings }

/** The shop on Hono 4. */
export function createHonoFront(shop: Shop): RequestListener {
  const { sessions, secure } = shop
  const app = new Hono<Env>()
  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(safetyHeaders)) c.header(name, value)
  })
  app.get('/style.css', (c) => c.body(style, 200, styleHeaders))
  app.use(sessionMiddleware(sessions, { cookie: { secure }, storeDown: (c: Context) => storeDown(c.req.path) }))
  app.use(bodyLimit({ maxSize: longestForm, onError: () => Promise.reject(tooLong()) }))

  const comesFromHere = ({ req }: Context<Env>) => isFromHere((name) => req.header(name), secure)

  async function ask(c: Context<Env>): Promise<Ask> {
    const { req } = c
    const contentType = req.header('content-type')
    const isForm = contentType?.startsWith('application/x-www-form-urlencoded') === true
    // One proxy: the address it saw is the last in the list.
    const forwarded = secure ? req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
    return {
      session: c.get('session'),
      isHead: req.method === 'HEAD',
      path: req.path,
      params: req.param(),
      query: fieldsOf(new URL(req.url).searchParams),
      form: isForm ? parseForm(await req.text(), contentType) : {},
      userAgent: req.header('user-agent'),
      address: forwarded ?? getConnInfo(c).remote.address,
    }
  }

  function send(c: Context<Env>, answer: Answer): Response {
    if ('redirect' in answer) return c.redirect(answer.redirect, 303)
    if (answer.retryAfter !== undefined) c.header('Retry-After', String(answer.retryAfter))
    c.status(answer.status as 200)
    return c.html(answer.page)
  }

  for (const { method, path, handle, isOpen } of shop.routes) {
    if (method === 'POST') {
      const skip = (c: Context<Env>) => isOpen === true && c.get('session').isNew && comesFromHere(c)
      app.post(path, verifyCsrf(sessions, { onFailure: 'throw', skip, trustProxy: secure }))
    }
    app.on(method, path, async (c) => send(c, await handle(await ask(c))))
  }
  const failed = async (error: unknown, c: Context<Env>) => send(c, await shop.problem(error, () => ask(c)))
  app.notFound((c) => failed(notFound(), c))
  app.onError(failed)
  const listener = getRequestListener(app.fetch)
  // It answers its own failures.
  return (request, response) => void listener(request, response)
}
