import type { IncomingMessage, RequestListener } from 'node:http'
import { sessionMiddleware, sessionOf, verifyCsrf } from '@transient/express'
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express'
import { type Fields, longestForm } from '../form.ts'
import { isFromHere } from '../origin.ts'
import { type Answer, type Ask, notFound } from '../route.ts'
import { type Shop, safetyHeaders, storeDown, styleHeaders } from '../shop.ts'
import { style } from '../style.ts'

/** The shop on Express 5. */
export function createExpressFront(shop: Shop): RequestListener {
  const { sessions, secure } = shop
  const app = express()
  app.disable('x-powered-by')
  // One proxy: the address it saw is the last in the list.
  app.set('trust proxy', secure ? 1 : false)
  app.use((_request, response, next) => {
    response.set(safetyHeaders)
    next()
  })
  app.get('/style.css', (_request, response) => void response.set(styleHeaders).send(style))
  app.use(sessionMiddleware(sessions, { cookie: { secure }, storeDown: ({ url }) => storeDown(url ?? '') }))
  app.use(express.urlencoded({ extended: false, limit: longestForm }))

  const comesFromHere = ({ headers }: IncomingMessage) =>
    isFromHere((name) => headers[name] as string | undefined, secure)

  const ask = (request: Request): Ask => ({
    session: sessionOf(request, sessions),
    isHead: request.method === 'HEAD',
    path: request.path,
    params: request.params,
    query: request.query,
    form: (request.body ?? {}) as Fields,
    userAgent: request.get('user-agent'),
    address: request.ip,
  })

  function send(response: Response, answer: Answer): void {
    if ('redirect' in answer) return response.redirect(303, answer.redirect)
    if (answer.retryAfter !== undefined) response.set('Retry-After', String(answer.retryAfter))
    response.status(answer.status).send(answer.page)
  }

  for (const { method, path, handle, isOpen } of shop.routes) {
    const answer: RequestHandler = async (request, response) => send(response, await handle(ask(request)))
    if (method === 'GET') app.get(path, answer)
    else {
      const skip = (request: IncomingMessage) =>
        isOpen === true && sessionOf(request, sessions).isNew && comesFromHere(request)
      app.post(path, verifyCsrf(sessions, { onFailure: 'throw', skip }), answer)
    }
  }
  app.use(() => {
    throw notFound()
  })

  const failed: ErrorRequestHandler = async (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    send(response, await shop.problem(error, () => ask(request)))
  }
  app.use(failed)
  return app
}
