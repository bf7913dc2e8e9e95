import assert from 'node:assert/strict'
import { type Answer, type Ask, begin, type ComingAnswer, send } from './answer.ts'
import type { SessionState } from './routes-reading.ts'

/** A browser with a jar of cookies. */
export interface Visitor {
  /** What the jar sends along; `undefined` if it is empty. */
  readonly cookie: string | undefined
  /** The value of the session's cookie. */
  readonly token: string | undefined
  get(path: string, ask?: Ask): Promise<Answer>
  post(path: string, ask?: Ask): Promise<Answer>
  /** The session as `/state` tells it. */
  state(): Promise<SessionState>
  /** A request whose answer is looked at while it comes; its cookies are not kept. */
  begin(path: string, ask?: Ask): ComingAnswer
  /** Keeps the cookies of an answer that came otherwise. */
  keep(answer: Answer): void
}

/** A visitor of a site, with these cookies to begin with: `sid=…`. */
export function createVisitor(origin: string, cookie?: string): Visitor {
  const jar = new Map<string, string>()
  for (const pair of cookie?.split('; ') ?? []) store(pair)

  function store(pair: string): void {
    const equals = pair.indexOf('=')
    jar.set(pair.slice(0, equals), pair.slice(equals + 1))
  }
  function keep(answer: Answer): void {
    for (const line of answer.cookies) {
      const [pair = ''] = line.split(';')
      if (/; max-age=0(;|$)/i.test(line)) jar.delete(pair.slice(0, pair.indexOf('=')))
      else store(pair)
    }
  }
  const header = () => (jar.size === 0 ? undefined : [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
  async function go(method: Ask['method'], path: string, ask: Ask = {}): Promise<Answer> {
    const answer = await send(origin, path, { method, cookie: header(), ...ask })
    keep(answer)
    return answer
  }
  const get = (path: string, ask?: Ask) => go('GET', path, ask)

  return {
    get cookie() {
      return header()
    },
    get token() {
      return jar.get('sid') ?? jar.get('__Host-sid')
    },
    get,
    post: (path, ask) => go('POST', path, ask),
    async state() {
      const answer = await get('/state')
      assert.equal(answer.status, 200, `/state answered: ${answer.text.slice(0, 300)}`)
      return answer.json<SessionState>()
    },
    begin: (path, ask) => begin(origin, path, { cookie: header(), ...ask }),
    keep,
  }
}

/** The line that sets the session's cookie; `undefined` if none does. */
export function sessionLine(answer: Answer): string | undefined {
  return answer.cookies.find((line) => /^(?:__Host-)?sid=/.test(line))
}

/** Asserts that the answer sets the session's cookie. */
export function assertSetsCookie(answer: Answer): void {
  assert.ok(sessionLine(answer), `a cookie comes with ${answer.status}: ${answer.text.slice(0, 100)}`)
}

/** Asserts that the answer leaves the session's cookie as it is. */
export function assertLeavesCookie(answer: Answer): void {
  assert.equal(sessionLine(answer), undefined, 'the cookie is neither set nor cleared')
}

/** Asserts that the answer makes the browser forget the session's cookie. */
export function assertClearsCookie(answer: Answer): void {
  assert.match(sessionLine(answer) ?? 'no cookie is set', /^(?:__Host-)?sid=; .*max-age=0/i)
}
