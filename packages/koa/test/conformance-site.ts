import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { type KoaContext, sessionMiddleware, sessionOf, verifyCsrf } from '@transient/koa'
import { type ConformanceSite, loadOf, type OpenSite, type SiteAnswer } from '@transient/test-utils/http-conformance'
import Koa3, { type Context } from 'koa'
import Koa2 from 'koa-2'
import { openServer } from './open-server.ts'

/** The site of the conformance suite on Koa 3. */
export const openKoa3Site = (site: ConformanceSite): Promise<OpenSite> => open(Koa3, site)
/** The site of the conformance suite on Koa 2. */
export const openKoa2Site = (site: ConformanceSite): Promise<OpenSite> => open(Koa2 as unknown as typeof Koa3, site)

async function open(Koa: typeof Koa3, { sessions, options, routes, csrf }: ConformanceSite): Promise<OpenSite> {
  const app = new Koa({ proxy: options.trustProxy ?? false })
  const { trustProxy: _, ...others } = options
  app.silent = true
  app.use(async (ctx, next) => {
    ctx.set('x-earlier', 'kept')
    try {
      await next()
    } catch (error) {
      const { status, code, message } = error as Error & { status?: number; code?: string }
      ctx.status = status ?? 500
      ctx.set('x-error-page', 'yes')
      ctx.body = `error page: ${code ?? message}`
    }
  })
  app.use(sessionMiddleware(sessions, { ...others, load: ({ path }) => loadOf(routes, path) }))
  app.use(readForm)
  const isUnchecked = ({ path }: KoaContext) => !routes.some((route) => route.csrf && route.path === path)
  app.use(verifyCsrf(sessions, { ...csrf, skip: isUnchecked }))
  app.use(async (ctx) => {
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    const route = routes.find((one) => one.path === ctx.path && one.method === method)
    if (route === undefined) return
    const query = ctx.URL.searchParams
    send(ctx, await route.handle({ session: () => sessionOf(ctx, sessions), query }))
  })
  return openServer(createServer(app.callback()))
}

/** What a body parser does. */
async function readForm(ctx: Context, next: () => Promise<unknown>): Promise<void> {
  if (ctx.is('urlencoded')) {
    const chunks: Buffer[] = []
    for await (const chunk of ctx.req) chunks.push(chunk as Buffer)
    const body = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
    Object.assign(ctx.request, { body })
  }
  await next()
}

function send(ctx: Context, answer: SiteAnswer): void {
  const { status = 200, headers = {}, cookies = [], location, text = '', stream } = answer
  ctx.set(headers)
  for (const line of cookies) ctx.append('set-cookie', line)
  if (location !== undefined) ctx.redirect(location)
  ctx.status = status
  ctx.type = 'text/plain'
  if (location === undefined) ctx.body = stream === undefined ? text : Readable.from(stream)
}
