import { createCsrfCheck, createRequestSessions } from '@transient/http'
import { type ConformanceSite, loadOf, type OpenSite, type SiteAnswer } from '@transient/test-utils/http-conformance'
import { serveFetch } from './serve-fetch.ts'

/** The site of the conformance suite on web-standard requests and responses, on whatever runtime this is. */
export async function openWebSite({ sessions, options, routes, csrf }: ConformanceSite): Promise<OpenSite> {
  const visits = createRequestSessions(sessions, {
    ...options,
    load: ({ url }) => loadOf(routes, new URL(url).pathname),
  })
  const checkForm = createCsrfCheck({ trustProxy: options.trustProxy, ...csrf })

  return serveFetch(async (request) => {
    const { pathname, searchParams: query } = new URL(request.url)
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = routes.find((one) => one.path === pathname && one.method === method)
    const visit = visits(request)
    let failure: unknown
    try {
      await visit.load()
      if (route === undefined) return await visit.finish(new Response(null, { status: 404 }))
      const refusal = route.csrf ? await checkForm(request, visit.session) : undefined
      return await visit.finish(refusal ?? answerOf(await route.handle({ session: () => visit.session, query })))
    } catch (error) {
      failure = error
    }
    // What the handler changed before it failed is stored; the page goes out with the cookie, whatever becomes of that.
    await visit.commit().catch((error: unknown) => (failure = error))
    return visit.finish(errorPage(failure as Error))
  })
}

function answerOf(answer: SiteAnswer): Response {
  const { status = 200, headers = {}, cookies = [], location, text = '', stream } = answer
  const all = new Headers({ 'content-type': 'text/plain; charset=utf-8', 'x-earlier': 'kept', ...headers })
  for (const line of cookies) all.append('set-cookie', line)
  if (location !== undefined) all.set('location', location)
  const body = stream === undefined ? text : bytesOf(stream)
  return new Response(status === 304 || status === 204 ? null : body, { status, headers: all })
}

function errorPage({ status = 500, code, message }: Error & { status?: number; code?: string }): Response {
  return new Response(`error page: ${code ?? message}`, {
    status,
    headers: { 'x-error-page': 'yes', 'x-earlier': 'kept' },
  })
}

function bytesOf(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const iterator = pieces[Symbol.asyncIterator]()
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel: async () => void (await iterator.return?.()),
  })
}
