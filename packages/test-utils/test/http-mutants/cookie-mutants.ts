import { referenceSteps } from '../http-reference.ts'
import type { HttpMutant } from './http-mutant.ts'

const lines: typeof referenceSteps.cookieLines = (exchange) => referenceSteps.cookieLines(exchange)
const cleared = 'sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax'
const without =
  (part: string): typeof referenceSteps.attributes =>
  (exchange, token) =>
    referenceSteps.attributes(exchange, token).filter((one) => !one.startsWith(part))

export const cookieMutants: readonly HttpMutant[] = [
  {
    fault: 'a session is stored for every visitor',
    caughtBy: 'cost > a visitor without a cookie who reads is no command',
    steps: {
      async load(exchange) {
        await referenceSteps.load(exchange)
        if (exchange.session.isLoaded) exchange.session.data.note ??= 'seen'
      },
    },
  },
  {
    fault: 'every visitor gets a cookie',
    caughtBy: 'cookies > come with the first write, and not again',
    steps: { cookieLines: (exchange) => (exchange.session.isNew ? ['sid=new; Path=/'] : lines(exchange)) },
  },
  {
    fault: 'the cookie is set by every response',
    caughtBy: 'cost > a read is one command',
    steps: {
      cookieLines(exchange) {
        const { token } = exchange.session
        return exchange.isAsked && token ? [`sid=${this.attributes?.(exchange, token).join('; ')}`] : lines(exchange)
      },
    },
  },
  {
    fault: 'the cookie is set twice',
    caughtBy: 'cookies > come with the first write, and not again',
    steps: { cookieLines: (exchange) => [...lines(exchange), ...lines(exchange)] },
  },
  {
    fault: 'the token that came is handed out again',
    caughtBy: 'cookies > of ids that nobody gave out are not adopted',
    steps: {
      cookieLines(exchange) {
        const [came] = referenceSteps.values(exchange.request.headers.cookie ?? '', 'sid')
        return came === undefined ? lines(exchange) : lines(exchange).map((line) => line.replace(/=[^;]*/, `=${came}`))
      },
    },
  },
  {
    fault: 'a forged cookie is cleared',
    caughtBy: 'cost > a visitor with a forged cookie is a new one, and no command',
    steps: {
      cookieLines: (exchange) =>
        exchange.session.isNew && exchange.request.headers.cookie ? [cleared] : lines(exchange),
    },
  },
  {
    fault: 'a cookie whose session is gone is cleared',
    caughtBy: 'cookies > of a session that is gone are left alone by those who read',
    steps: { cookieLines: (exchange) => (exchange.session.endedBecause === 'expired' ? [cleared] : lines(exchange)) },
  },
  {
    fault: 'the cookie of a session that another secret signed is cleared',
    caughtBy:
      'reasons > unreadable: signed by a secret that is not known here; the session stays for those who know it',
    steps: {
      cookieLines: (exchange) => (exchange.session.endedBecause === 'unreadable' ? [cleared] : lines(exchange)),
    },
  },
  {
    fault: 'a slow request clears the cookie of a session that ended meanwhile',
    caughtBy: 'races > a slow writer does not bring a session back after a logout: 409, and no cookie',
    steps: { cookieLines: (exchange) => (exchange.response.statusCode === 409 ? [cleared] : lines(exchange)) },
  },
  {
    fault: 'only the first cookie of the name is looked at',
    caughtBy: 'cookies > that are planted beside ours do not hide it, before or behind',
    steps: { values: (header, name) => referenceSteps.values(header, name).slice(0, 1) },
  },
  {
    fault: 'the last cookie of the name wins',
    caughtBy: 'cookies > that are planted beside ours do not hide it, before or behind',
    steps: { values: (header, name) => referenceSteps.values(header, name).slice(-1) },
  },
  {
    fault: 'a cookie whose name ends like ours is ours',
    caughtBy: 'cookies > that are planted beside ours do not hide it, before or behind',
    steps: { values: (header, name) => [header.slice(header.lastIndexOf(`${name}=`) + name.length + 1)] },
  },
  {
    fault: 'scripts can read the cookie',
    caughtBy: 'cookies > are HttpOnly, SameSite=Lax, Path=/ and end with the browser',
    steps: { attributes: without('HttpOnly') },
  },
  {
    fault: 'other sites send the cookie along',
    caughtBy: 'cookies > are HttpOnly, SameSite=Lax, Path=/ and end with the browser',
    steps: { attributes: without('SameSite') },
  },
  {
    fault: 'the cookie is for one folder',
    caughtBy: 'cookies > are HttpOnly, SameSite=Lax, Path=/ and end with the browser',
    steps: { attributes: without('Path') },
  },
  {
    fault: 'the cookie is not Secure by default',
    caughtBy: 'cookies > are by default __Host-sid and Secure, too',
    steps: { attributes: without('Secure') },
  },
  {
    fault: 'the cookie has the plain name by default',
    caughtBy: 'cookies > are by default __Host-sid and Secure, too',
    steps: { cookieName: () => 'sid' },
  },
  {
    fault: 'a lasting cookie does not last',
    caughtBy: 'cookies > that last have the absolute end of the session as their Max-Age',
    steps: { attributes: without('Max-Age') },
  },
  {
    fault: 'a lasting cookie lasts ten years',
    caughtBy:
      'lifetimes > no cookie lasts longer than 400 days; it is issued anew after half of that, with the same session',
    steps: {
      attributes: (exchange, token) =>
        referenceSteps.attributes(exchange, token).map((one) => one.replace(/^Max-Age=.*/, 'Max-Age=315360000')),
    },
  },
  {
    fault: 'remember me is not heard',
    caughtBy: 'lifetimes > remember me: the cookie lasts a year from then on, under a new id',
    steps: {
      attributes: (exchange, token) =>
        exchange.site.options.cookie?.persistent
          ? referenceSteps.attributes(exchange, token)
          : without('Max-Age')(exchange, token),
    },
  },
  {
    fault: 'forget me is not heard',
    caughtBy: 'lifetimes > forget me: the cookie ends with the browser, where others last',
    steps: {
      attributes: (exchange, token) => [...without('Max-Age')(exchange, token), 'Max-Age=7200'],
    },
  },
  {
    fault: 'a cookie is given to new sessions only',
    caughtBy: 'renewal > gives a new id, once, and keeps the data',
    steps: { cookieLines: (exchange) => (exchange.sent === undefined ? lines(exchange) : []) },
  },
  {
    fault: 'a token of an old secret is not issued anew',
    caughtBy: 'cookies > signed by an old secret are issued anew, and lead to the same session',
    steps: {
      cookieLines(exchange) {
        const id = exchange.session.token?.split('.')[4]
        return id !== undefined && exchange.sent?.includes(id) ? [] : lines(exchange)
      },
    },
  },
  {
    fault: 'a logout leaves the cookie',
    caughtBy: 'cookies > go when the session is destroyed, and only then',
    steps: { cookieLines: (exchange) => (exchange.session.token === undefined ? [] : lines(exchange)) },
  },
  {
    fault: 'a cookie is cleared with another path than it was set with',
    caughtBy: 'cookies > go when the session is destroyed, and only then',
    steps: { cookieLines: (exchange) => lines(exchange).map((line) => line.replace('=; Path=/;', '=; Path=/app;')) },
  },
  {
    fault: 'error pages bring no cookie',
    caughtBy: 'answers > what a handler wrote before it threw is stored, and the error page brings the cookie',
    steps: { cookieLines: (exchange) => (exchange.response.statusCode >= 500 ? [] : lines(exchange)) },
  },
  {
    fault: 'the error page of a failed commit loses the id of a renewal',
    caughtBy: 'failures > the id that a renewal gave out before the commit failed reaches the visitor',
    steps: { cookieLines: (exchange) => (exchange.response.statusCode === 503 ? [] : lines(exchange)) },
  },
  {
    fault: 'whoever follows a renewal gets a cookie',
    caughtBy: 'races > of two renewals at once one gives a cookie, the other neither sets nor clears it',
    steps: {
      cookieLines(exchange) {
        const { token, isNew } = exchange.session
        return exchange.url.pathname === '/meet-and-renew' && token && !isNew
          ? [`sid=${token}; Path=/`]
          : lines(exchange)
      },
    },
  },
  {
    fault: 'everybody is believed to be a proxy',
    caughtBy: "proxies, with secure: 'auto' > a proxy that is not trusted is not believed",
    steps: { isSecure: (_, request) => request.headers['x-forwarded-proto'] === 'https' },
  },
  {
    fault: 'the trusted proxy is not believed',
    caughtBy: "proxies, with secure: 'auto' > https by a trusted proxy has __Host- and Secure",
    steps: { isSecure: () => false },
  },
  {
    fault: 'https takes the plain cookie for want of its own',
    caughtBy: "proxies, with secure: 'auto' > https never accepts the plain name, at no command",
    steps: {
      values: (header, name) => [...referenceSteps.values(header, name), ...referenceSteps.values(header, 'sid')],
    },
  },
  {
    fault: 'https clears a cookie without Secure',
    caughtBy: "proxies, with secure: 'auto' > a logout over https clears the cookie of https",
    steps: { cookieLines: (exchange) => lines(exchange).map((line) => line.replace('Lax; Secure', 'Lax')) },
  },
  {
    fault: "the application's cookies are lost",
    caughtBy: 'cookies > of the application stay, beside ours',
    steps: {
      addCacheHeaders(exchange) {
        referenceSteps.addCacheHeaders(exchange)
        const own = [exchange.response.getHeader('set-cookie') ?? []].flat().map(String)
        if (own.length > 1) exchange.response.setHeader('set-cookie', own.slice(-1))
      },
    },
  },
  {
    fault: 'responses do not vary by the cookie',
    caughtBy: 'caches > are told to keep nothing of what depends on the session, new visitors included',
    steps: {
      addCacheHeaders: ({ response }) => void response.setHeader('cache-control', 'private, no-store'),
    },
  },
  {
    fault: 'caches may keep private pages',
    caughtBy: 'caches > are told to keep nothing of what depends on the session, new visitors included',
    steps: { addCacheHeaders: ({ response }) => void response.setHeader('vary', 'Cookie') },
  },
  {
    fault: 'caches may keep what new visitors see',
    caughtBy: 'caches > are told to keep nothing of what depends on the session, new visitors included',
    steps: {
      addCacheHeaders(exchange) {
        if (!exchange.session.isNew) referenceSteps.addCacheHeaders(exchange)
      },
    },
  },
  {
    fault: 'caches are told of sessions that nobody asked for',
    caughtBy: 'caches > are told nothing where nobody asked for the session',
    steps: { addCacheHeaders: (exchange) => referenceSteps.addCacheHeaders({ ...exchange, isAsked: true }) },
  },
  {
    fault: "the application's own Cache-Control is overruled",
    caughtBy: "caches > keep to the application's own rule, and to Vary with Cookie in it",
    steps: {
      addCacheHeaders(exchange) {
        exchange.response.removeHeader('cache-control')
        referenceSteps.addCacheHeaders(exchange)
      },
    },
  },
  {
    fault: "the application's own Vary is replaced",
    caughtBy: "caches > keep to the application's own rule, and to Vary with Cookie in it",
    steps: {
      addCacheHeaders(exchange) {
        exchange.response.removeHeader('vary')
        referenceSteps.addCacheHeaders(exchange)
      },
    },
  },
  {
    fault: 'caches may keep error pages',
    caughtBy: 'caches > learn it from error pages, too',
    steps: {
      addCacheHeaders(exchange) {
        if (exchange.response.statusCode < 500) referenceSteps.addCacheHeaders(exchange)
      },
    },
  },
  {
    fault: 'caches may keep the refusal of a form',
    caughtBy: 'caches > learn it from refused forms, too',
    steps: {
      addCacheHeaders(exchange) {
        if (exchange.response.statusCode !== 403) referenceSteps.addCacheHeaders(exchange)
      },
    },
  },
]
