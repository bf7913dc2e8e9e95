import { isTransientError } from '@transient/core'
import { type Exchange, type FrontEndSteps, referenceSteps, writeBody, writeHead } from '../http-reference.ts'
import type { HttpMutant } from './http-mutant.ts'

const { commit } = referenceSteps
const isWriting = ({ url }: Exchange) => url.searchParams.has('text1')

/** Leaves the commit of some answers until they have left. */
function late(
  isLate: (exchange: Exchange, answer: { stream?: unknown; location?: string }) => boolean,
): Partial<FrontEndSteps> {
  return {
    async send(exchange, answer, steps) {
      if (!isLate(exchange, answer)) return referenceSteps.send(exchange, answer, steps)
      writeHead(exchange, answer, steps)
      await writeBody(exchange, answer)
      await steps.commit(exchange, answer)
    },
  }
}

/** Leaves the commit of some answers out. */
function missing(isMissing: (exchange: Exchange) => boolean): Partial<FrontEndSteps> {
  return {
    async commit(exchange, answer) {
      if (!isMissing(exchange)) await commit(exchange, answer)
    },
  }
}

const before = (what: string) =>
  `commit before headers > not one byte of ${what} leaves before the store has acknowledged`

export const commitMutants: readonly HttpMutant[] = [
  {
    fault: 'pages are sent before the commit',
    caughtBy: before('a page'),
    steps: late(({ session }, { stream }) => !stream && !session.isNew),
  },
  {
    fault: 'redirects are sent before the commit',
    caughtBy: before('a redirect'),
    steps: late((_, { location }) => location !== undefined),
  },
  {
    fault: 'streams are begun before the commit',
    caughtBy: before('a stream'),
    steps: late((_, { stream }) => stream !== undefined),
  },
  {
    fault: 'a 304 is sent before the commit',
    caughtBy: before('a 304'),
    steps: late(({ url }) => url.pathname === '/not-modified'),
  },
  {
    fault: 'HEAD is answered before the commit',
    caughtBy: before('an answer to HEAD'),
    steps: late(({ request }) => request.method === 'HEAD'),
  },
  {
    fault: 'the page of a handler that throws is sent before the commit',
    caughtBy: before('the error page of a handler that throws'),
    steps: late(({ url }) => url.pathname === '/set-and-throw'),
  },
  {
    fault: 'updates that the handler does not wait for are not waited for',
    caughtBy: before('a page whose handler did not wait for its update'),
    steps: {
      async commit(exchange, answer) {
        if (exchange.url.pathname !== '/update-unawaited') await commit(exchange, answer)
      },
    },
  },
  {
    fault: 'the status line leaves before the commit, the rest after it',
    caughtBy: before('a page'),
    steps: {
      async send(exchange, answer, steps) {
        if (isWriting(exchange)) exchange.response.writeContinue()
        await referenceSteps.send(exchange, answer, steps)
      },
    },
  },
  {
    fault: 'every response waits for the store',
    caughtBy: 'commit before headers > a response without a change leaves at once',
    steps: {
      async commit(exchange, answer) {
        if (exchange.session.isLoaded && !exchange.session.isNew && exchange.url.pathname === '/state')
          await exchange.session.update('note', () => 'seen')
        await commit(exchange, answer)
      },
    },
  },
  {
    fault: 'a 304 does not commit',
    caughtBy: 'answers > a 304 stores the session and gives the cookie, and has no body',
    steps: missing(({ url }) => url.pathname === '/not-modified'),
  },
  {
    fault: 'HEAD does not commit',
    caughtBy: 'answers > HEAD has the headers of GET, and no body',
    steps: missing(({ request }) => request.method === 'HEAD'),
  },
  {
    fault: 'error pages do not commit',
    caughtBy: 'answers > what a handler wrote before it threw is stored, and the error page brings the cookie',
    steps: missing(({ url }) => url.pathname === '/set-and-throw'),
  },
  {
    fault: 'streams do not commit',
    caughtBy: 'answers > a stream that writes the session arrives whole, with the cookie',
    steps: missing(({ url, request }) => url.pathname === '/stream' && request.method === 'POST'),
  },
  {
    fault: 'lazy sessions are not committed',
    caughtBy: 'answers > a lazy session that a handler loads is committed like any other',
    steps: missing(({ route }) => route?.load === 'lazy'),
  },
  {
    fault: 'each field is committed by itself',
    caughtBy: 'answers > several fields are one write',
    steps: {
      async commit(exchange, answer) {
        const { session } = exchange
        if (exchange.isAsked && session.isLoaded && session.data.text1 && session.isNew)
          await session.update('text1', (value) => value)
        await commit(exchange, answer)
      },
    },
  },
  {
    fault: 'a stream is collected before it is sent',
    caughtBy: 'answers > a stream keeps streaming: a piece arrives before the next is made',
    steps: {
      async send(exchange, answer, steps) {
        if (answer.stream === undefined) return referenceSteps.send(exchange, answer, steps)
        let text = ''
        await steps.commit(exchange, answer)
        for await (const piece of answer.stream) text += piece
        const { stream: _, ...rest } = answer
        await referenceSteps.send(exchange, { ...rest, text }, steps)
      },
    },
  },
  {
    fault: 'what is written after the headers left is stored all the same',
    caughtBy: 'answers > a write after the headers left is session-sealed, and stores nothing',
    steps: {
      async commit(exchange) {
        if (exchange.isAsked && exchange.session.isLoaded) await exchange.session.commit()
      },
    },
  },
  {
    fault: 'a failed commit is passed over, and the response leaves',
    caughtBy: 'failures > a commit that fails drops the response of POST /set',
    steps: { commit: (exchange, answer) => commit(exchange, answer).catch(() => {}) },
  },
  {
    fault: 'a failed commit is passed over where the answer is a redirect',
    caughtBy: 'failures > a commit that fails drops the response of POST /redirect',
    steps: {
      commit: (exchange, answer) =>
        commit(exchange, answer).catch((error: unknown) => {
          if (answer.location === undefined) throw error
        }),
    },
  },
  {
    fault: 'a failed commit is passed over where the answer is a stream',
    caughtBy: 'failures > a commit that fails drops the response of POST /stream',
    steps: {
      commit: (exchange, answer) =>
        commit(exchange, answer).catch((error: unknown) => {
          if (answer.stream === undefined) throw error
        }),
    },
  },
  {
    fault: "the handler's headers stay on the error page",
    caughtBy: 'failures > a commit that fails drops the response of POST /set',
    steps: {
      async send(exchange, answer, steps) {
        for (const [name, value] of Object.entries(answer.headers ?? {})) exchange.response.setHeader(name, value)
        await referenceSteps.send(exchange, answer, steps)
      },
      drop: () => {},
    },
  },
  {
    fault: 'the error page has nothing of what earlier middleware had set',
    caughtBy: 'failures > a dropped response leaves what earlier middleware had set',
    steps: { drop: ({ response }) => response.removeHeader('x-earlier') },
  },
  {
    fault: 'the error page tries the commit again',
    caughtBy: 'failures > a commit that fails is not tried again by the error page',
    steps: {
      async commit(exchange) {
        if (exchange.isAsked && exchange.session.isLoaded) await exchange.session.commit()
      },
    },
  },
  {
    fault: 'every failure is a 500',
    caughtBy: 'failures > an update that fails and is not caught has a status',
    steps: { statusOf: () => 500 },
  },
  {
    fault: 'a session that was ended is a 503',
    caughtBy: 'races > a slow writer whose session was revoked meanwhile is told 409',
    steps: { statusOf: (error) => (isTransientError(error) ? 503 : 500) },
  },
  {
    fault: 'a session that was ended meanwhile is passed over',
    caughtBy: 'races > nor does one whose write is on its way to the store',
    steps: {
      commit: (exchange, answer) =>
        commit(exchange, answer).catch((error: unknown) => {
          if (!isTransientError(error) || error.code !== 'session-ended') throw error
        }),
    },
  },
  {
    fault: 'a session that cannot be read is taken for none',
    caughtBy: 'failures > a load that fails goes to the error handling, before the handler',
    steps: {
      load: (exchange) => referenceSteps.load(exchange).catch(() => exchange.session.load({ storeDown: 'anonymous' })),
    },
  },
  {
    fault: "storeDown 'anonymous' is not heard",
    caughtBy:
      "a store that is down, with storeDown 'anonymous' > makes a known visitor anonymous for this request, and keeps the cookie",
    steps: { load: (exchange) => referenceSteps.load({ ...exchange, site: { ...exchange.site, options: {} } }) },
  },
  {
    fault: 'whose session could not be read gets a fresh one',
    caughtBy:
      "a store that is down, with storeDown 'anonymous' > never puts a fresh session over one that could not be read",
    steps: {
      async load(exchange) {
        await exchange.session.load().catch(async () => {
          const fresh = exchange.site.sessions.open()
          await fresh.load()
          Object.assign(exchange, { session: fresh })
        })
      },
    },
  },
  {
    fault: 'routes without a session read it',
    caughtBy: 'cost > a route that never opens a session is no command, whatever the cookie',
    steps: { load: ({ session }) => session.load() },
  },
  {
    fault: 'routes without a session give it to those who ask',
    caughtBy: 'answers > a route without a session says so when it is asked for one',
    steps: {
      ask(exchange) {
        exchange.isAsked = true
        return exchange.session
      },
    },
  },
  {
    fault: 'lazy routes read the session',
    caughtBy: 'cost > a lazy route that does not load is no command',
    steps: {
      async load(exchange) {
        if (exchange.route?.load !== 'none') await exchange.session.load()
      },
    },
  },
  {
    fault: 'the session is read twice',
    caughtBy: 'cost > a read is one command',
    steps: {
      async load(exchange) {
        await exchange.site.sessions.load(exchange.sent)
        await referenceSteps.load(exchange)
      },
    },
  },
  {
    fault: 'a read writes when it was seen',
    caughtBy: 'cost > a read is one command',
    steps: {
      async commit(exchange, answer) {
        const { session } = exchange
        if (session.isLoaded && !session.isNew) await session.update('note', () => String(Math.random()))
        await commit(exchange, answer)
      },
    },
  },
]
