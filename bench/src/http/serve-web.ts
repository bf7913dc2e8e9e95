import { createSessionHandler } from '@transient/http'
import { createHandKeeper } from './hand-kept.ts'
import { host, listening } from './listening.ts'
import { openSessions } from './our-sessions.ts'
import type { Page, Pages } from './page.ts'
import { type Assignment, byKeeper, type Routing, type Served } from './server-order.ts'
import { createWebServer, type WebHandler } from './web-adapter.ts'

export async function serveWeb(assignment: Assignment): Promise<Served> {
  let handle: WebHandler = () => new Response(null, { status: 503 })
  const release = await byKeeper(
    assignment,
    routing((handler) => {
      handle = handler
    }),
  )
  return listening(createWebServer((request) => handle(request)).listen(0, host), release)
}

const begin = '/begin/'

const routing = (use: (handler: WebHandler) => void): Routing => ({
  async ours({ order, pages }) {
    const { sessions, close } = await openSessions(order.connection)
    const withSession = createSessionHandler(sessions, { cookie: { secure: false } })
    use(withSession((request, session) => answer(request, pages, session.data)))
    return close
  },

  async none({ pages, visit }) {
    use((request) => answer(request, pages, visit()))
    return async () => {}
  },

  async byHand({ order, pages, writesBy }) {
    const keeper = await createHandKeeper(order.connection, writesBy)
    use(async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname.startsWith(begin)) {
        const data = {}
        const page = pages.begin(data, pathname.slice(begin.length))
        return json(page, { 'Set-Cookie': await keeper.create(data) })
      }
      const kept = await keeper.load(request.headers.get('cookie') ?? undefined)
      if (pathname !== '/write') return json(pathname === '/read' ? pages.read(kept.data) : pages.everyField(kept.data))
      const page = pages.write(kept.data)
      await keeper.save(kept)
      return json(page)
    })
    return keeper.close
  },
})

function answer(request: Request, pages: Pages, session: object): Response {
  const { pathname } = new URL(request.url)
  if (pathname.startsWith(begin)) return json(pages.begin(session, pathname.slice(begin.length)))
  if (pathname === '/write') return json(pages.write(session))
  return json(pathname === '/read' ? pages.read(session) : pages.everyField(session))
}

function json(page: Page, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(page), { headers: { 'Content-Type': 'application/json', ...headers } })
}
