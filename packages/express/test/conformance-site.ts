import { createServer, type RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sessionMiddleware, sessionOf, verifyCsrf } from '@transient/express'
import { type ConformanceSite, loadOf, type OpenSite, type SiteAnswer } from '@transient/test-utils/http-conformance'
import express5, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express'
import express4 from 'express-4'
import { openServer } from './open-server.ts'

/** The site of the conformance suite on Express 5. */
export const openExpress5Site = (site: ConformanceSite): Promise<OpenSite> => open(express5, site)
/** The site of the conformance suite on Express 4. */
export const openExpress4Site = (site: ConformanceSite): Promise<OpenSite> =>
  open(express4 as unknown as typeof express5, site)

async function open(express: typeof express5, { sessions, options, routes, csrf }: ConformanceSite): Promise<OpenSite> {
  const app = express()
  const { trustProxy = false, ...others } = options
  app.set('trust proxy', trustProxy)
  app.use((_request, response, next) => {
    response.set('x-earlier', 'kept')
    next()
  })
  app.use(sessionMiddleware(sessions, { ...others, load: ({ path }) => loadOf(routes, path) }))
  const checkForm = [express.urlencoded({ extended: false }), verifyCsrf(sessions, csrf)]
  for (const route of routes) {
    const handler: RequestHandler = (request, response, next) => {
      const query = new URL(request.originalUrl, 'http://site').searchParams
      const answer = route.handle({ session: () => sessionOf(request, sessions), query })
      answer.then((given) => send(response, given)).catch(next)
    }
    app[route.method === 'GET' ? 'get' : 'post'](route.path, ...(route.csrf ? checkForm : []), handler)
  }
  app.use(((error: Error & { status?: number; code?: string }, _request, response, _next) => {
    if (response.headersSent) return void response.destroy()
    response
      .status(error.status ?? 500)
      .set('x-error-page', 'yes')
      .send(`error page: ${error.code ?? error.message}`)
  }) satisfies ErrorRequestHandler)
  return openServer(createServer(app as RequestListener))
}

async function send(response: Response, answer: SiteAnswer): Promise<void> {
  const { status = 200, headers = {}, cookies = [], location, text = '', stream } = answer
  response.status(status).type('text/plain').set(headers)
  for (const line of cookies) response.append('set-cookie', line)
  if (location !== undefined) response.redirect(status, location)
  else if (stream === undefined) response.send(text)
  else await pipeline(Readable.from(stream), response)
}
