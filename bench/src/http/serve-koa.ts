import { sessionMiddleware, sessionOf } from '@transient/koa'
import Koa, { type Context } from 'koa'
import { createHandKeeper } from './hand-kept.ts'
import { host, listening } from './listening.ts'
import { openSessions } from './our-sessions.ts'
import { type Assignment, byKeeper, type Routing, type Served } from './server-order.ts'

/** Koa has no routes of its own: the handler looks at the path. */
export async function serveKoa(assignment: Assignment): Promise<Served> {
  const app = new Koa()
  const release = await byKeeper(assignment, routing(app))
  return listening(app.listen(0, host), release)
}

const begin = '/begin/'

const routing = (app: Koa): Routing => ({
  async ours({ order, pages }) {
    const { sessions, close } = await openSessions(order.connection)
    app.use(sessionMiddleware(sessions, { cookie: { secure: false } }))
    answer(app, pages, (ctx) => sessionOf(ctx, sessions).data)
    return close
  },

  async none({ pages, visit }) {
    answer(app, pages, visit)
    return async () => {}
  },

  async byHand({ order, pages, writesBy }) {
    const keeper = await createHandKeeper(order.connection, writesBy)
    app.use(async (ctx) => {
      if (ctx.path.startsWith(begin)) {
        const data = {}
        ctx.body = pages.begin(data, ctx.path.slice(begin.length))
        ctx.set('Set-Cookie', await keeper.create(data))
        return
      }
      const kept = await keeper.load(ctx.headers.cookie)
      if (ctx.path !== '/write') ctx.body = ctx.path === '/read' ? pages.read(kept.data) : pages.everyField(kept.data)
      else {
        ctx.body = pages.write(kept.data)
        await keeper.save(kept)
      }
    })
    return keeper.close
  },
})

function answer(app: Koa, pages: Assignment['pages'], sessionIn: (ctx: Context) => object): void {
  app.use((ctx) => {
    const session = sessionIn(ctx)
    if (ctx.path.startsWith(begin)) ctx.body = pages.begin(session, ctx.path.slice(begin.length))
    else if (ctx.path === '/write') ctx.body = pages.write(session)
    else ctx.body = ctx.path === '/read' ? pages.read(session) : pages.everyField(session)
  })
}
