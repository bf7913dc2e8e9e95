import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { sessionOf, sessionPlugin, verifyCsrf } from '@transient/fastify'
import type { ConformanceSite, OpenSite, SiteAnswer } from '@transient/test-utils/http-conformance'
import Fastify, { type FastifyReply } from 'fastify'

/** The site of the conformance suite on Fastify. */
export async function openFastifySite({ sessions, options, routes, csrf }: ConformanceSite): Promise<OpenSite> {
  const { trustProxy = false, ...rest } = options
  const app = Fastify({ trustProxy, forceCloseConnections: true })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-earlier', 'kept')
  })
  app.setErrorHandler(
    (error: { status?: number; statusCode?: number; code?: string; message?: string }, _request, reply) =>
      reply
        .code(error.statusCode ?? error.status ?? 500)
        .header('x-error-page', 'yes')
        .send(`error page: ${error.code ?? error.message}`),
  )
  await app.register(sessionPlugin, { sessions, ...rest })
  app.addHook('preValidation', verifyCsrf(sessions, csrf))
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path,
      config: { session: route.load, csrf: route.csrf },
      handler: async (request, reply) => {
        const query = new URL(request.url, 'http://site').searchParams
        return send(reply, await route.handle({ session: () => sessionOf(request, sessions), query }))
      },
    })
  }

  await app.listen({ host: '127.0.0.1', port: 0 })
  return { origin: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, stop: () => app.close() }
}

function send(reply: FastifyReply, answer: SiteAnswer): FastifyReply {
  const { status = 200, headers = {}, cookies = [], location, text = '', stream } = answer
  reply.code(status).headers(headers).type('text/plain; charset=utf-8')
  for (const line of cookies) reply.header('set-cookie', line)
  if (location !== undefined) return reply.redirect(location, status)
  return reply.send(stream === undefined ? text : Readable.from(stream))
}
