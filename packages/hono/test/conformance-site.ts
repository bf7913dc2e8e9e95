import { sessionMiddleware, sessionOf, verifyCsrf } from '@transient/hono'
import { type ConformanceSite, loadOf, type OpenSite, type SiteAnswer } from '@transient/test-utils/http-conformance'
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode, RedirectStatusCode } from 'hono/utils/http-status'
import { serveSite } from './serve-site.ts'

interface Failure extends Error {
  readonly status?: number
  readonly code?: string
}

/** The site of the conformance suite on Hono, on whatever runtime this is. */
export async function openHonoSite({ sessions, options, routes, csrf }: ConformanceSite): Promise<OpenSite> {
  const app = new Hono()
  app.use(async (c, next) => {
    c.header('x-earlier', 'kept')
    await next()
  })
  app.onError((error: Failure) => {
    const text = `error page: ${error.code ?? error.message}`
    return new Response(text, { status: error.status ?? 500, headers: { 'x-error-page': 'yes' } })
  })
  app.use(sessionMiddleware(sessions, { ...options, load: (c) => loadOf(routes, c.req.path) }))
  app.use(verifyCsrf(sessions, { ...csrf, skip: (c) => !routes.some(({ path, csrf }) => csrf && path === c.req.path) }))
  for (const route of routes) {
    app.on(route.method, route.path, async (c) => {
      const query = new URL(c.req.url).searchParams
      return send(c, await route.handle({ session: () => sessionOf(c, sessions), query }))
    })
  }
  return serveSite(app.fetch)
}

function send(c: Context, answer: SiteAnswer): Response {
  const { status = 200, headers = {}, cookies = [], location, text = '', stream } = answer
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  for (const line of cookies) c.header('set-cookie', line, { append: true })
  if (location !== undefined) return c.redirect(location, status as RedirectStatusCode)
  if (status === 304) return c.body(null, status)
  return stream === undefined ? c.text(text, status as ContentfulStatusCode) : c.body(bytesOf(stream))
}

function bytesOf(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const iterator = pieces[Symbol.asyncIterator]()
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel: async () => void (await iterator.return?.()),
  })
}
