import { getRequestListener } from '@hono/node-server'
import { sessionMiddleware } from '@transient/hono'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSessions, plainHttp } from './app.ts'

type Handler = (c: Context) => Response | Promise<Response>
const after =
  (change: (c: Context) => void): MiddlewareHandler =>
  async (c, next) => {
    await next()
    change(c)
  }

/** A handler that says something first. */
const first =
  (say: (c: Context) => unknown, then: Handler): Handler =>
  (c) => {
    say(c)
    return then(c)
  }

const handlers: [string, Handler, MiddlewareHandler?][] = [
  ['c.json(value)', (c) => c.json({ a: 'ÅÄÖ' })],
  ['c.json(value, status)', (c) => c.json([1], 404)],
  ['c.json(value, init)', (c) => c.json([1], { status: 201, headers: { 'x-a': 'b' } })],
  ['c.json(value, status, headers)', (c) => c.json([1], 200, { 'cache-control': 'public' })],
  ['c.text(text)', (c) => c.text('ÅÄÖ')],
  ['c.text(text, status)', (c) => c.text('gone', 410)],
  ['c.text(text, status, headers)', (c) => c.text('made', 201, { vary: 'Accept' })],
  ['c.html(text)', (c) => c.html('<p>ÅÄÖ')],
  ['c.html(promise)', (c) => c.html(Promise.resolve('<p>later'))],
  ['c.body(text)', (c) => c.body('raw')],
  ['c.redirect(location)', (c) => c.redirect('/', 303)],
  ['a Response', () => new Response('own', { headers: { 'x-a': 'b' } })],
  [
    'c.header before',
    first(
      (c) => c.header('cache-control', 'max-age=5'),
      (c) => c.json([1]),
    ),
  ],
  [
    'c.header with Vary before',
    first(
      (c) => c.header('vary', 'Accept'),
      (c) => c.text('text'),
    ),
  ],
  [
    'c.status before',
    first(
      (c) => c.status(201),
      (c) => c.json([1]),
    ),
  ],
  [
    'c.res before',
    first(
      (c) => c.res.headers.set('x-a', 'b'),
      (c) => c.html('<p>'),
    ),
  ],
  ['c.header after', (c) => c.json([1]), after((c) => c.header('vary', 'Accept'))],
  ['c.res.headers after', (c) => c.json([1]), after((c) => c.res.headers.set('vary', 'Accept'))],
  ['headers taken away after', (c) => c.json([1]), after((c) => c.res.headers.delete('cache-control'))],
  [
    'another response after',
    (c) => c.json([1]),
    after((c) => {
      c.res = new Response('another')
    }),
  ],
  [
    'headers of the response itself',
    (c) => {
      const response = c.json([1])
      response.headers.set('vary', 'Accept')
      return response
    },
  ],
  [
    'a response that is not the one that leaves',
    first(
      (c) => c.json([1]),
      (c) => c.text('this one'),
    ),
  ],
]

async function answerOf(handler: Handler, inner: MiddlewareHandler[], outer: MiddlewareHandler[]) {
  const app = new Hono()
  app.use(...outer, ...inner, async (_c, next) => next())
  app.get('/', handler)
  const response = await app.request('/')
  return { status: response.status, body: await response.text(), headers: new Map(response.headers) }
}

describe.each(['of the runtime', "of Hono's server for Node.js"])('responses %s', (kind) => {
  beforeAll(() => {
    // It puts its own classes in place of Request and Response.
    if (kind !== 'of the runtime') getRequestListener(() => new Response())
  })

  it.each(handlers)('by %s are as without a session, with its headers', async (_, handler, between) => {
    const { sessions } = createSessions()
    const inner = between === undefined ? [] : [between]
    const earlier: MiddlewareHandler = async (c, next) => {
      c.header('x-earlier', 'kept')
      await next()
    }
    const asking: Handler = (c) => {
      ;(c as Context<{ Variables: { session: { data: { user?: string } } } }>).get('session').data.user = 'Ada'
      return handler(c)
    }
    for (const outer of [[], [earlier]]) {
      const without = await answerOf(handler, inner, outer)
      const { status, body, headers } = await answerOf(asking, inner, [
        ...outer,
        sessionMiddleware(sessions, plainHttp),
      ])
      expect([status, body]).toEqual([without.status, without.body])
      const cookie = headers.get('set-cookie')
      expect(cookie).toMatch(/^sid=1/)
      const vary = without.headers.get('vary')
      expect(Object.fromEntries(headers)).toEqual({
        ...Object.fromEntries(without.headers),
        'content-type': headers.get('content-type'),
        vary: vary === undefined ? 'Cookie' : `${vary}, Cookie`,
        'cache-control': without.headers.get('cache-control') ?? 'private, no-store',
        'set-cookie': cookie,
      })
      const typeOf = (held: Map<string, string>) => held.get('content-type')?.toLowerCase().replaceAll(' ', '')
      expect(typeOf(headers)).toBe(typeOf(without.headers))
    }
  })

  it('of handlers that did not ask are as without a session', async () => {
    const { sessions } = createSessions()
    const handler: Handler = (c) => c.json([1])
    expect(await answerOf(handler, [], [sessionMiddleware(sessions, plainHttp)])).toEqual(
      await answerOf(handler, [], []),
    )
  })
})
