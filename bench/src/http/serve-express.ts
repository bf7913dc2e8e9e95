import { sessionMiddleware, sessionOf } from '@transient/express'
import express, { type Express, type Request } from 'express'
import session from 'express-session'
import { createHandKeeper } from './hand-kept.ts'
import { host, listening } from './listening.ts'
import { openSessions, secret } from './our-sessions.ts'
import { openPeerStore } from './peer-store.ts'
import { type Assignment, byKeeper, type Routing, type Served } from './server-order.ts'

export async function serveExpress(assignment: Assignment): Promise<Served> {
  const app = express()
  const release = await byKeeper(assignment, routing(app))
  return listening(app.listen(0, host), release)
}

const routing = (app: Express): Routing => ({
  async ours({ order, pages }) {
    const { sessions, close } = await openSessions(order.connection)
    app.use(sessionMiddleware(sessions, { cookie: { secure: false } }))
    addRoutes(app, pages, (req) => sessionOf(req, sessions).data)
    return close
  },

  async peer({ order, pages }) {
    const { store, close } = await openPeerStore(order.connection.url)
    // resave: false is what the README advises with a store that can touch, which connect-redis can.
    app.use(session({ store, secret, resave: false, saveUninitialized: false }))
    addRoutes(app, pages, (req) => req.session)
    return close
  },

  async none({ pages, visit }) {
    addRoutes(app, pages, visit)
    return async () => {}
  },

  async byHand({ order, pages, writesBy }) {
    const keeper = await createHandKeeper(order.connection, writesBy)
    app.post('/begin/:visitor', async (req, res) => {
      const data = {}
      const page = pages.begin(data, req.params.visitor)
      res.setHeader('Set-Cookie', await keeper.create(data))
      res.json(page)
    })
    app.get('/read', async (req, res) => {
      const { data } = await keeper.load(req.headers.cookie)
      res.json(pages.read(data))
    })
    app.get('/every', async (req, res) => {
      const { data } = await keeper.load(req.headers.cookie)
      res.json(pages.everyField(data))
    })
    app.post('/write', async (req, res) => {
      const kept = await keeper.load(req.headers.cookie)
      const page = pages.write(kept.data)
      await keeper.save(kept)
      res.json(page)
    })
    return keeper.close
  },
})

function addRoutes(app: Express, pages: Assignment['pages'], sessionIn: (req: Request) => object): void {
  app.post('/begin/:visitor', (req, res) => {
    res.json(pages.begin(sessionIn(req), req.params.visitor))
  })
  app.get('/read', (req, res) => {
    res.json(pages.read(sessionIn(req)))
  })
  app.get('/every', (req, res) => {
    res.json(pages.everyField(sessionIn(req)))
  })
  app.post('/write', (req, res) => {
    res.json(pages.write(sessionIn(req)))
  })
}
