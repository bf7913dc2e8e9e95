import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { sessionOf, sessionPlugin } from '@transient/fastify'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { createHandKeeper } from './hand-kept.ts'
import { host, listening } from './listening.ts'
import { openSessions, secret } from './our-sessions.ts'
import { openPeerStore } from './peer-store.ts'
import { type Assignment, byKeeper, type Routing, type Served } from './server-order.ts'

export async function serveFastify(assignment: Assignment): Promise<Served> {
  const app = fastify()
  const release = await byKeeper(assignment, routing(app))
  await app.listen({ port: 0, host })
  return listening(app.server, release)
}

const routing = (app: FastifyInstance): Routing => ({
  async ours({ order, pages }) {
    const { sessions, close } = await openSessions(order.connection)
    await app.register(sessionPlugin, { sessions, cookie: { secure: false } })
    addRoutes(app, pages, (request) => sessionOf(request, sessions).data)
    return close
  },

  async peer({ order, pages }) {
    const { store, close } = await openPeerStore(order.connection.url)
    await app.register(cookie)
    // Its defaults; without `secure: false` it sets no cookie on plain http.
    await app.register(session, { store, secret, cookie: { secure: false } })
    addRoutes(app, pages, (request) => request.session)
    return close
  },

  async none({ pages, visit }) {
    addRoutes(app, pages, visit)
    return async () => {}
  },

  async byHand({ order, pages, writesBy }) {
    const keeper = await createHandKeeper(order.connection, writesBy)
    app.post<{ Params: { visitor: string } }>('/begin/:visitor', async (request, reply) => {
      const data = {}
      const page = pages.begin(data, request.params.visitor)
      reply.header('Set-Cookie', await keeper.create(data))
      return page
    })
    app.get('/read', async (request) => {
      const { data } = await keeper.load(request.headers.cookie)
      return pages.read(data)
    })
    app.get('/every', async (request) => {
      const { data } = await keeper.load(request.headers.cookie)
      return pages.everyField(data)
    })
    app.post('/write', async (request) => {
      const kept = await keeper.load(request.headers.cookie)
      const page = pages.write(kept.data)
      await keeper.save(kept)
      return page
    })
    return keeper.close
  },
})

function addRoutes(app: FastifyInstance, pages: Assignment['pages'], sessionIn: (request: FastifyRequest) => object) {
  app.post<{ Params: { visitor: string } }>('/begin/:visitor', (request, reply) => {
    reply.send(pages.begin(sessionIn(request), request.params.visitor))
  })
  app.get('/read', (request, reply) => {
    reply.send(pages.read(sessionIn(request)))
  })
  app.get('/every', (request, reply) => {
    reply.send(pages.everyField(sessionIn(request)))
  })
  app.post('/write', (request, reply) => {
    reply.send(pages.write(sessionIn(request)))
  })
}
