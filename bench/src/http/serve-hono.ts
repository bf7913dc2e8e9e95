import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { sessionMiddleware } from '@transient/hono'
import { type Context, Hono } from 'hono'
import { createHandKeeper } from './hand-kept.ts'
import { host, listening } from './listening.ts'
import { openSessions } from './our-sessions.ts'
import { type Assignment, byKeeper, type Routing, type Served } from './server-order.ts'

export async function serveHono(assignment: Assignment): Promise<Served> {
  const app = new Hono()
  const release = await byKeeper(assignment, routing(app))
  return listening(serve({ fetch: app.fetch, port: 0, hostname: host }) as Server, release)
}

const routing = (app: Hono): Routing => ({
  async ours({ order, pages }) {
    const { sessions, close } = await openSessions(order.connection)
    const withSession = app.use(sessionMiddleware(sessions, { cookie: { secure: false } }))
    withSession.post('/begin/:visitor', (c) => c.json(pages.begin(c.get('session').data, c.req.param('visitor'))))
    withSession.get('/read', (c) => c.json(pages.read(c.get('session').data)))
    withSession.get('/every', (c) => c.json(pages.everyField(c.get('session').data)))
    withSession.post('/write', (c) => c.json(pages.write(c.get('session').data)))
    return close
  },

  async none({ pages, visit }) {
    app.get('/read', (c) => c.json(pages.read(visit())))
    app.get('/every', (c) => c.json(pages.everyField(visit())))
    app.post('/write', (c) => c.json(pages.write(visit())))
    return async () => {}
  },

  async byHand({ order, pages, writesBy }) {
    const keeper = await createHandKeeper(order.connection, writesBy)
    const cookieOf = (c: Context): string | undefined => c.req.header('cookie')
    app.post('/begin/:visitor', async (c) => {
      const data = {}
      const page = pages.begin(data, c.req.param('visitor'))
      c.header('Set-Cookie', await keeper.create(data))
      return c.json(page)
    })
    app.get('/read', async (c) => {
      const { data } = await keeper.load(cookieOf(c))
      return c.json(pages.read(data))
    })
    app.get('/every', async (c) => {
      const { data } = await keeper.load(cookieOf(c))
      return c.json(pages.everyField(data))
    })
    app.post('/write', async (c) => {
      const kept = await keeper.load(cookieOf(c))
      const page = pages.write(kept.data)
      await keeper.save(kept)
      return c.json(page)
    })
    return keeper.close
  },
})
