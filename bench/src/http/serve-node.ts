import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createSessionLifecycle, sessionOf } from '@transient/http'
import { createHandKeeper, type HandKeeper } from './hand-kept.ts'
import { host, listening } from './listening.ts'
import { openSessions } from './our-sessions.ts'
import type { Page, Pages } from './page.ts'
import { type Assignment, byKeeper, type Routing, type Served } from './server-order.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

export async function serveNode(assignment: Assignment): Promise<Served> {
  const server = createServer()
  const release = await byKeeper(assignment, routing(server))
  server.listen(0, host)
  return listening(server, release)
}

const begin = '/begin/'

const routing = (server: Server): Routing => ({
  async ours({ order, pages }) {
    const { sessions, close } = await openSessions(order.connection)
    const lifecycle = createSessionLifecycle(sessions, { cookie: { secure: false } })
    const handle = answering(pages, (request) => sessionOf(request, sessions).data)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      lifecycle(request, response, (error) => {
        if (error === undefined) handle(request, response)
        else fail(response, error)
      })
    })
    return close
  },

  async none({ pages, visit }) {
    server.on('request', answering(pages, visit))
    return async () => {}
  },

  async byHand({ order, pages, writesBy }) {
    const keeper = await createHandKeeper(order.connection, writesBy)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      handleByHand(request, response, pages, keeper).catch((error: unknown) => fail(response, error))
    })
    return keeper.close
  },
})

function answering(pages: Pages, sessionIn: (request: IncomingMessage) => object): Handler {
  return (request, response) => {
    const { url = '/' } = request
    const session = sessionIn(request)
    if (url.startsWith(begin)) send(response, pages.begin(session, url.slice(begin.length)))
    else if (url === '/write') send(response, pages.write(session))
    else send(response, url === '/read' ? pages.read(session) : pages.everyField(session))
  }
}

async function handleByHand(
  { url = '/', headers }: IncomingMessage,
  response: ServerResponse,
  pages: Pages,
  keeper: HandKeeper,
): Promise<void> {
  if (url.startsWith(begin)) {
    const data = {}
    const page = pages.begin(data, url.slice(begin.length))
    response.setHeader('Set-Cookie', await keeper.create(data))
    return send(response, page)
  }
  const kept = await keeper.load(headers.cookie)
  if (url !== '/write') return send(response, url === '/read' ? pages.read(kept.data) : pages.everyField(kept.data))
  const page = pages.write(kept.data)
  await keeper.save(kept)
  send(response, page)
}

function send(response: ServerResponse, page: Page): void {
  const body = JSON.stringify(page)
  response.setHeader('Content-Type', 'application/json')
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.end(body)
}

function fail(response: ServerResponse, error: unknown): void {
  response.statusCode = 500
  response.end(String(error))
}
