import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isTransientError, type Session } from '@transient/core'
import type { ConformanceSite, OpenSite, SiteAnswer, SiteData, SiteRoute } from '@transient/test-utils/http-conformance'

/** One request of the reference front end, on its way from step to step. */
export interface Exchange {
  readonly site: ConformanceSite
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly route: SiteRoute | undefined
  readonly session: Session<SiteData>
  /** The token that the session was opened with. */
  readonly sent: string | undefined
  readonly cookieName: string
  body: URLSearchParams
  isAsked: boolean
  /** The commit was tried. */
  isCommitted: boolean
}

/**
 * The simplest correct front end that there can be, in steps that a mutant can replace. It knows what an answer is before it sends any of it,
 * which no framework does, and is no model otherwise.
 */
export interface FrontEndSteps {
  isSecure(site: ConformanceSite, request: IncomingMessage): boolean
  cookieName(site: ConformanceSite, isSecure: boolean): string
  /** The values of the cookie, in the header's order. */
  values(header: string, name: string): string[]
  /** Which of the values counts. */
  choose(site: ConformanceSite, values: readonly string[]): { session: Session<SiteData>; sent: string | undefined }
  load(exchange: Exchange): Promise<void>
  ask(exchange: Exchange): Session<SiteData>
  /** Whether the form may pass. */
  verify(exchange: Exchange): boolean
  refuse(exchange: Exchange): SiteAnswer
  handle(exchange: Exchange, route: SiteRoute): Promise<SiteAnswer>
  commit(exchange: Exchange, answer: SiteAnswer): Promise<void>
  statusOf(error: unknown): number
  /** The `Set-Cookie` lines of the session. */
  cookieLines(exchange: Exchange): string[]
  attributes(exchange: Exchange, token: string): string[]
  addCacheHeaders(exchange: Exchange): void
  /** Takes back what the handler had set, before the error page. */
  drop(exchange: Exchange): void
  send(exchange: Exchange, answer: SiteAnswer, steps: FrontEndSteps): Promise<void>
}

const isSafe = (method: string | undefined) => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
const longestLife = 400 * 86_400

export const referenceSteps: FrontEndSteps = {
  isSecure: ({ options }, request) => options.trustProxy === true && request.headers['x-forwarded-proto'] === 'https',

  cookieName({ options }, isSecure) {
    const { secure = true } = options.cookie ?? {}
    return (secure === 'auto' ? isSecure : secure) ? '__Host-sid' : 'sid'
  },

  values: (header, name) =>
    header
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${name}=`))
      .map((pair) => pair.slice(name.length + 1)),

  choose({ sessions }, values) {
    const opened = values.slice(0, 8).map((value) => ({ session: sessions.open(value), sent: value }))
    const [first = { session: sessions.open(), sent: undefined }] = opened
    return opened.find(({ session }) => !session.isNew) ?? { ...first, sent: undefined }
  },

  async load({ site, route, session }) {
    const { storeDown = 'throw' } = site.options
    if (route?.load !== 'lazy' && route?.load !== 'none') await session.load({ storeDown })
  },

  ask(exchange) {
    if (exchange.route?.load === 'none') throw new Error('this route has no session')
    exchange.isAsked = true
    return exchange.session
  },

  verify({ site, request, session, body }) {
    if (isSafe(request.method)) return true
    const { origin, host } = request.headers
    const trusted = site.csrf.trustedOrigins ?? []
    const isTrusted = origin !== undefined && trusted.includes(origin)
    const scheme = referenceSteps.isSecure(site, request) ? 'https' : 'http'
    if (origin !== undefined && origin !== `${scheme}://${host}` && !isTrusted) return false
    const fetchSite = request.headers['sec-fetch-site']
    if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none' && !isTrusted) return false
    return session.verifyCsrfToken(request.headers['x-csrf-token'] ?? body.get('_csrf') ?? undefined)
  },

  refuse({ request }) {
    if (request.headers.accept?.includes('html'))
      return page(
        '<!doctype html><html lang="en"><title>Refused</title><p>Please load the form again.</p></html>',
        'text/html',
      )
    return page('{"error":"csrf"}', 'application/json')
  },

  async handle(exchange, route) {
    return route.handle({ session: () => this.ask(exchange), query: exchange.url.searchParams })
  },

  async commit(exchange) {
    if (!exchange.isAsked || exchange.isCommitted) return
    exchange.isCommitted = true
    await exchange.session.seal()
  },

  statusOf(error) {
    if (!isTransientError(error)) return 500
    return error.code === 'session-ended' ? 409 : 503
  },

  cookieLines(exchange) {
    const { session, sent, cookieName, isAsked } = exchange
    if (!isAsked) return []
    const { token, isDestroyed } = session
    if (token === undefined) {
      const secure = cookieName === 'sid' ? '' : '; Secure'
      return isDestroyed ? [`${cookieName}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure}`] : []
    }
    return token === sent ? [] : [`${cookieName}=${this.attributes(exchange, token).join('; ')}`]
  },

  attributes({ site, session, cookieName }, token) {
    const parts = [token, 'Path=/', 'HttpOnly', 'SameSite=Lax']
    if (cookieName !== 'sid') parts.push('Secure')
    const left = Math.floor(((session.expiresAt ?? 0) - Date.now()) / 1000)
    if (session.isPersistent ?? site.options.cookie?.persistent) parts.push(`Max-Age=${Math.min(left, longestLife)}`)
    return parts
  },

  addCacheHeaders({ response, isAsked }) {
    if (!isAsked) return
    const vary = response.getHeader('vary')
    response.setHeader('vary', vary === undefined ? 'Cookie' : `${String(vary)}, Cookie`)
    if (!response.hasHeader('cache-control')) response.setHeader('cache-control', 'private, no-store')
  },

  drop({ response }) {
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.setHeader('x-earlier', 'kept')
  },

  async send(exchange, answer, steps) {
    await steps.commit(exchange, answer)
    writeHead(exchange, answer, steps)
    await writeBody(exchange, answer)
  },
}

export function writeHead(exchange: Exchange, answer: SiteAnswer, steps: FrontEndSteps): void {
  const { response } = exchange
  response.statusCode = answer.status ?? 200
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
  if (answer.location !== undefined) response.setHeader('location', answer.location)
  const lines = [...(answer.cookies ?? []), ...steps.cookieLines(exchange)]
  if (lines.length > 0) response.setHeader('set-cookie', lines)
  steps.addCacheHeaders(exchange)
}

export async function writeBody({ response }: Exchange, { text = '', stream }: SiteAnswer): Promise<void> {
  if (stream === undefined) return void response.end(text)
  for await (const piece of stream) response.write(piece)
  response.end()
}

function page(text: string, type: string): SiteAnswer {
  return { status: 403, text, headers: { 'content-type': type } }
}

/** Opens the site with these steps. */
export async function openWithSteps(site: ConformanceSite, steps: FrontEndSteps): Promise<OpenSite> {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://site')
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = site.routes.find((one) => one.path === url.pathname && one.method === method)
    const cookieName = steps.cookieName(site, steps.isSecure(site, request))
    const chosen = steps.choose(site, steps.values(request.headers.cookie ?? '', cookieName))
    const body = new URLSearchParams()
    const state = { isAsked: false, isCommitted: false }
    const exchange: Exchange = { site, request, response, url, route, cookieName, body, ...chosen, ...state }
    response.setHeader('x-earlier', 'kept')
    try {
      await steps.load(exchange)
    } catch (error) {
      exchange.isAsked = true
      exchange.isCommitted = true
      return steps.send(exchange, errorPage(error, steps), steps)
    }
    if (route === undefined) return void response.writeHead(404).end()
    try {
      exchange.body = new URLSearchParams(await textOf(request))
      if (route.csrf && !isSafe(request.method)) exchange.isAsked = true
      const passes = !route.csrf || steps.verify(exchange)
      await steps.send(exchange, passes ? await steps.handle(exchange, route) : steps.refuse(exchange), steps)
    } catch (error) {
      if (response.headersSent) return void response.destroy()
      steps.drop(exchange)
      await steps.send(exchange, errorPage(error, steps), steps)
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end(String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function errorPage(error: unknown, steps: FrontEndSteps): SiteAnswer {
  const { code, message } = error as { code?: string; message: string }
  return { status: steps.statusOf(error), text: `error page: ${code ?? message}`, headers: { 'x-error-page': 'yes' } }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of request.setEncoding('utf8') as AsyncIterable<string>) text += piece
  return text
}
