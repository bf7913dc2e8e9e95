import type { FrontEndSteps } from '../http-reference.ts'
import { referenceSteps } from '../http-reference.ts'
import type { HttpMutant } from './http-mutant.ts'
import { withSessions } from './http-mutant.ts'

const { verify, refuse } = referenceSteps
type Verify = FrontEndSteps['verify']

/** Checks the form as if it had come with other headers. */
function pretending(change: (headers: Record<string, string | undefined>) => void): Verify {
  return (exchange) => {
    const headers: Record<string, string | undefined> = { ...(exchange.request.headers as Record<string, string>) }
    change(headers)
    const { method } = exchange.request
    return verify({ ...exchange, request: { method, headers } as never })
  }
}

/** Takes an Origin for ours or a trusted one by another comparison. */
function likening(isLike: (origin: string, ours: string, trusted: string) => boolean): Verify {
  return pretending((headers) => {
    const { origin, host } = headers
    if (origin !== undefined && isLike(origin, `http://${host}`, 'https://partner.example')) delete headers.origin
  })
}

export const formMutants: readonly HttpMutant[] = [
  {
    fault: 'nothing is checked',
    caughtBy: 'forms (CSRF) > without a token a form is refused, and its handler does not run',
    steps: { verify: () => true },
  },
  {
    fault: 'the handler runs before the check',
    caughtBy: 'forms (CSRF) > without a token a form is refused, and its handler does not run',
    steps: {
      async handle(exchange, route) {
        return referenceSteps.handle(exchange, route)
      },
      verify(exchange) {
        const passes = verify(exchange)
        if (!passes && exchange.session.isLoaded) {
          exchange.session.data.posted = (exchange.session.data.posted ?? 0) + 1
        }
        return passes
      },
    },
  },
  {
    fault: 'the token counts in the query',
    caughtBy: 'forms (CSRF) > the token never counts in the query',
    steps: {
      verify: (exchange) =>
        verify(exchange) || exchange.session.verifyCsrfToken(exchange.url.searchParams.get('_csrf')),
    },
  },
  {
    fault: 'the header is not looked at',
    caughtBy: 'forms (CSRF) > the token counts in the header',
    steps: { verify: pretending((headers) => delete headers['x-csrf-token']) },
  },
  {
    fault: 'the field is not looked at',
    caughtBy: 'forms (CSRF) > the token counts in the form field',
    steps: { verify: (exchange) => verify({ ...exchange, body: new URLSearchParams() }) },
  },
  {
    fault: 'a right field rescues a wrong header',
    caughtBy: 'forms (CSRF) > a wrong token in the header is not rescued by a right one in the field',
    steps: {
      verify(exchange) {
        return verify(exchange) || pretending((headers) => delete headers['x-csrf-token'])(exchange)
      },
    },
  },
  {
    fault: 'any token will do',
    caughtBy: "forms (CSRF) > another visitor's token is refused",
    site: withSessions(() => ({ verifyCsrfToken: (text) => typeof text === 'string' && text.length > 20 })),
  },
  {
    fault: 'only the beginning of a token is compared',
    caughtBy: 'forms (CSRF) > a token changed anywhere, cut short or prolonged is refused',
    site: withSessions((session) => ({
      verifyCsrfToken: (text) =>
        session.verifyCsrfToken(text) || (typeof text === 'string' && session.verifyCsrfToken(text.slice(0, -1))),
    })),
  },
  {
    fault: 'safe methods need a token',
    caughtBy: 'forms (CSRF) > safe methods pass without a token',
    steps: {
      verify(exchange) {
        const { headers } = exchange.request
        return verify({ ...exchange, request: { method: 'POST', headers } as never })
      },
    },
  },
  {
    fault: 'safe methods are refused from elsewhere',
    caughtBy: 'forms (CSRF) > safe methods pass from everywhere',
    steps: { verify: (exchange) => exchange.request.headers['sec-fetch-site'] !== 'cross-site' && verify(exchange) },
  },
  {
    fault: 'routes that opted out are checked',
    caughtBy: 'forms (CSRF) > a route that opted out passes without a token',
    site: (site) => ({ ...site, routes: site.routes.map((route) => ({ ...route, csrf: true })) }),
  },
  {
    fault: 'whoever comes without a session costs a command',
    caughtBy: 'forms (CSRF) > a visitor without a session is refused at no command',
    steps: {
      verify(exchange) {
        if (exchange.request.method === 'POST') exchange.session.csrfToken()
        return verify(exchange)
      },
    },
  },
  {
    fault: 'the Origin is not looked at',
    caughtBy: 'forms (CSRF) > an Origin of another site is refused, even with a token',
    steps: { verify: pretending((headers) => delete headers.origin) },
  },
  {
    fault: 'an Origin of null passes',
    caughtBy: 'forms (CSRF) > an Origin that is null is refused, even with a token',
    steps: { verify: likening((origin) => origin === 'null') },
  },
  {
    fault: 'the port of an Origin does not matter',
    caughtBy: 'forms (CSRF) > an Origin of another port is refused, even with a token',
    steps: { verify: likening((origin) => origin.startsWith('http://127.0.0.1:')) },
  },
  {
    fault: 'the scheme of an Origin does not matter',
    caughtBy: 'forms (CSRF) > an Origin of http is refused where the request came by https',
    steps: { verify: likening((origin, ours) => origin === ours) },
  },
  {
    fault: 'an Origin that begins like ours passes',
    caughtBy: 'forms (CSRF) > an Origin that begins like ours is refused, even with a token',
    steps: { verify: likening((origin, ours) => origin.startsWith(ours)) },
  },
  {
    fault: 'an Origin that begins like a trusted one passes',
    caughtBy: 'forms (CSRF) > an Origin that begins like a trusted one is refused, even with a token',
    steps: { verify: likening((origin, _, trusted) => origin.startsWith(trusted)) },
  },
  {
    fault: 'an Origin that ends like a trusted one passes',
    caughtBy: 'forms (CSRF) > an Origin that ends like a trusted one is refused, even with a token',
    steps: { verify: likening((origin) => origin.endsWith('partner.example')) },
  },
  {
    fault: 'an Origin that is none passes',
    caughtBy: 'forms (CSRF) > an Origin that is no origin is refused, even with a token',
    steps: { verify: likening((origin) => !origin.includes('://') && origin !== 'null') },
  },
  {
    fault: 'our own Origin is refused',
    caughtBy: 'forms (CSRF) > our own Origin passes, with a token',
    steps: { verify: (exchange) => !exchange.request.headers.origin?.startsWith('http://127') && verify(exchange) },
  },
  {
    fault: 'our own Origin needs no token',
    caughtBy: 'forms (CSRF) > our own Origin passes, with a token',
    steps: {
      verify: (exchange) =>
        exchange.request.headers.origin === `http://${exchange.request.headers.host}` || verify(exchange),
    },
  },
  {
    fault: 'a trusted Origin is refused',
    caughtBy: 'forms (CSRF) > an Origin that is trusted passes, with a token',
    steps: { verify: (exchange) => verify({ ...exchange, site: { ...exchange.site, csrf: {} } }) },
  },
  {
    fault: 'a trusted Origin needs no token',
    caughtBy: 'forms (CSRF) > an Origin that is trusted passes, with a token',
    steps: { verify: (exchange) => exchange.request.headers.origin === 'https://partner.example' || verify(exchange) },
  },
  {
    fault: 'Sec-Fetch-Site is not looked at',
    caughtBy: 'forms (CSRF) > Sec-Fetch-Site: cross-site is refused, even with a token',
    steps: { verify: pretending((headers) => delete headers['sec-fetch-site']) },
  },
  {
    fault: 'subdomains are trusted',
    caughtBy: 'forms (CSRF) > Sec-Fetch-Site: same-site is refused, even with a token',
    steps: {
      verify: pretending((headers) => {
        if (headers['sec-fetch-site'] === 'same-site') delete headers['sec-fetch-site']
      }),
    },
  },
  {
    fault: 'Sec-Fetch-Site: same-origin needs no token',
    caughtBy: 'forms (CSRF) > Sec-Fetch-Site: same-origin passes with a token, and not without',
    steps: { verify: (exchange) => exchange.request.headers['sec-fetch-site'] === 'same-origin' || verify(exchange) },
  },
  {
    fault: 'Sec-Fetch-Site: none is refused',
    caughtBy: 'forms (CSRF) > Sec-Fetch-Site: none passes with a token, and not without',
    steps: { verify: (exchange) => exchange.request.headers['sec-fetch-site'] !== 'none' && verify(exchange) },
  },
  {
    fault: 'the refusal is not for people',
    caughtBy: 'forms (CSRF) > who is refused gets a page that a person can read',
    steps: { refuse: () => ({ status: 403, text: 'Forbidden' }) },
  },
  {
    fault: 'the refusal is a page, also for scripts',
    caughtBy: 'forms (CSRF) > who is refused and wants JSON gets JSON',
    steps: {
      refuse(exchange) {
        const headers = { ...exchange.request.headers, accept: 'text/html' }
        return refuse.call(this as FrontEndSteps, { ...exchange, request: { headers } as never })
      },
    },
  },
  {
    fault: 'the refusal is an error of the site',
    caughtBy: "forms (CSRF) > another visitor's token is refused",
    steps: {
      refuse() {
        throw Object.assign(new Error('csrf'), { status: 403 })
      },
      statusOf: (error) => (error as { status?: number }).status ?? referenceSteps.statusOf(error),
    },
  },
  {
    fault: 'a form token is the same text each time',
    caughtBy: 'forms (CSRF) > a token is another text each time, and all are good',
    site: withSessions((session) => {
      const known = new Map<string | undefined, string>()
      const csrfToken = () => known.get(session.token) ?? fixed
      const fixed = session.csrfToken.length === 0 ? 'a text that is the same for everyone' : ''
      const verifyCsrfToken = (text: unknown) => text === fixed || session.verifyCsrfToken(text)
      return { csrfToken, verifyCsrfToken }
    }),
  },
]
