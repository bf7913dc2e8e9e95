import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessionLifecycle, sessionOf } from '@transient/http'
import { type ConformanceSite, loadOf, type OpenSite, type SiteAnswer } from '@transient/test-utils/http-conformance'

interface Failure {
  readonly status?: number
  readonly code?: string
  readonly message?: string
}

/** The site of the conformance suite on node:http. */
export async function openNodeSite({ sessions, options, routes }: ConformanceSite): Promise<OpenSite> {
  const withSession = createSessionLifecycle(sessions, {
    ...options,
    load: ({ url = '/' }) => loadOf(routes, pathOf(url)),
  })

  const server = createServer((request, response) => {
    const fail = (error: unknown) => errorPage(response, error as Failure)
    response.setHeader('x-earlier', 'kept')
    withSession(request, response, (error) => {
      if (error !== undefined) return fail(error)
      handle(request, response).catch(fail)
    })
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://site')
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = routes.find((one) => one.path === pathname && one.method === method)
    if (route === undefined) return void response.writeHead(404).end()
    await send(response, await route.handle({ session: () => sessionOf(request, sessions), query }))
  }

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
