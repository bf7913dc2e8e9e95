import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSessionLifecycle, sessionOf, verifyCsrf } from '@transient/http'
import { type ConformanceSite, loadOf, type OpenSite, type SiteAnswer } from '@transient/test-utils/http-conformance'
import { openServer } from './open-server.ts'

interface Failure {
  readonly status?: number
  readonly code?: string
  readonly message?: string
}

/** The site of the conformance suite on node:http. */
export async function openNodeSite({ sessions, options, routes, csrf }: ConformanceSite): Promise<OpenSite> {
  const withSession = createSessionLifecycle(sessions, {
    ...options,
    load: ({ url = '/' }) => loadOf(routes, pathOf(url)),
  })
  const checkForm = verifyCsrf(sessions, { trustProxy: options.trustProxy, ...csrf })

  const server = createServer((request, response) => {
    response.setHeader('x-earlier', 'kept')
    const fail = (error: unknown) => errorPage(response, error as Failure)
    const go = (next: () => void) => (error?: unknown) => (error === undefined ? next() : fail(error))
    const answer = () => void handle(request, response).catch(fail)
    withSession(
      request,
      response,
      go(() => {
        if (routeOf(request)?.csrf !== true) return answer()
        readForm(request).then(() => checkForm(request, response, go(answer)), fail)
      }),
    )
  })

  function routeOf(request: IncomingMessage) {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const path = pathOf(request.url ?? '/')
    return routes.find((one) => one.path === path && one.method === method)
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = routeOf(request)
    if (route === undefined) return void response.writeHead(404).end()
    const { searchParams: query } = new URL(request.url ?? '/', 'http://site')
    await send(response, await route.handle({ session: () => sessionOf(request, sessions), query }))
  }

  return openServer(server)
}

/** What a body parser does. */
async function readForm(request: IncomingMessage & { body?: unknown }): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    request.body = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
}

async function send(response: ServerResponse, answer: SiteAnswer): Promise<void> {
  const { status = 200, headers = {}, cookies = [], location, text = '', stream } = answer
  response.statusCode = status
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  for (const line of cookies) response.appendHeader('set-cookie', line)
  if (location !== undefined) response.setHeader('location', location)
  if (stream === undefined) return void response.end(text)
  for await (const piece of stream) response.write(piece)
  response.end()
}

function errorPage(response: ServerResponse, error: Failure): void {
  if (response.headersSent) return void response.destroy()
  response.statusCode = error.status ?? 500
  response.setHeader('x-error-page', 'yes')
  response.end(`error page: ${error.code ?? error.message}`)
}

function pathOf(url: string): string {
  return url.split('?')[0] as string
}
