import type { RequestListener } from 'node:http'
import { sessionOf, sessionPlugin, verifyCsrf } from '@transient/fastify'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { type Fields, longestForm, parseForm } from '../form.ts'
import { isFromHere } from '../origin.ts'
import { type Answer, type Ask, notFound } from '../route.ts'
import { type Shop, safetyHeaders, storeDown, styleHeaders } from '../shop.ts'
import { style } from '../style.ts'

/** The shop on Fastify 5. */
export async function createFastifyFront(shop: Shop): Promise<RequestListener> {
  const { sessions, secure } = shop
  const failed = async (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    send(reply, await shop.problem(error, () => ask(request)))
  const app = fastify({
    // One proxy: the address it saw is the last in the list.
    trustProxy: secure && ((_address, hop) => hop === 0),
    bodyLimit: longestForm,
    // What comes before the hooks and routes: a URL that is none.
    frameworkErrors: (error, request, reply) =>
      void failed(error, request as FastifyRequest, (reply as FastifyReply).headers(safetyHeaders)),
  })
  app.addHook('onRequest', async (_request, reply) => void reply.headers(safetyHeaders))
  app.get('/style.css', { config: { session: 'none' } }, (_request, reply) => reply.headers(styleHeaders).send(style))
  await app.register(sessionPlugin, { sessions, cookie: { secure }, storeDown: ({ url }) => storeDown(url) })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (request: FastifyRequest, text: string) => parseForm(text, request.headers['content-type']),
  )

  const comesFromHere = ({ headers }: FastifyRequest) =>
    isFromHere((name) => headers[name] as string | undefined, secure)

  const ask = (request: FastifyRequest): Ask => ({
    session: sessionOf(request, sessions),
    isHead: request.method === 'HEAD',
    path: request.url.split('?', 1)[0] as string,
    params: request.params as Fields,
    query: request.query as Fields,
    form: (request.body ?? {}) as Fields,
    userAgent: request.headers['user-agent'],
    address: request.ip,
  })

  function send(reply: FastifyReply, answer: Answer): FastifyReply {
    if ('redirect' in answer) return reply.redirect(answer.redirect, 303)
    if (answer.retryAfter !== undefined) reply.header('Retry-After', answer.retryAfter)
    return reply.status(answer.status).type('text/html; charset=utf-8').send(answer.page)
  }

  for (const { method, path, handle, isOpen } of shop.routes) {
    const skip = (request: FastifyRequest) =>
      isOpen === true && sessionOf(request, sessions).isNew && comesFromHere(request)
    app.route({
      method,
      url: path,
      preValidation: verifyCsrf(sessions, { onFailure: 'throw', skip }),
      handler: async (request, reply) => send(reply, await handle(ask(request))),
    })
  }
  app.setErrorHandler(failed)
  app.setNotFoundHandler((request, reply) => failed(notFound(), request, reply))
  await app.ready()
  return (request, response) => app.routing(request, response)
}
