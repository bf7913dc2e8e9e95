import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'

/** What a request says, apart from its path. */
export interface Ask {
  readonly method?: 'GET' | 'HEAD' | 'POST' | undefined
  /** The whole `Cookie` header. */
  readonly cookie?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** A form: sent `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>
}

/** A response, complete. */
export interface Answer {
  readonly status: number
  /** Of a header that came several times, all values with commas between them; without `Set-Cookie`. */
  header(name: string): string | undefined
  readonly cookies: readonly string[]
  readonly text: string
  json<T>(): T
}

/** A response that is on its way. */
export interface ComingAnswer {
  /** Resolves when the headers are there. */
  readonly headers: Promise<IncomingMessage>
  /** Resolves when the body has this text in it. */
  received(text: string): Promise<void>
  readonly done: Promise<Answer>
}

/** Asks a site, on a connection of its own. */
export async function send(origin: string, path: string, ask: Ask = {}): Promise<Answer> {
  return begin(origin, path, ask).done
}

/** Asks a site, and lets the test look at the response while it comes. */
export function begin(origin: string, path: string, ask: Ask = {}): ComingAnswer {
  const body = ask.form === undefined ? undefined : new URLSearchParams(ask.form).toString()
  const headers = {
    ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(ask.method === 'POST' && { 'content-length': String(Buffer.byteLength(body ?? '')) }),
    ...(ask.cookie !== undefined && { cookie: ask.cookie }),
    ...ask.headers,
  }
  let text = ''
  let grown = (): void => {}
  // fetch would keep cookies and headers that it deems improper to itself.
  const arrived = new Promise<IncomingMessage>((resolve, reject) => {
    const asking = request(new URL(path, origin), { method: ask.method ?? 'GET', headers, agent: false }, resolve)
    asking.on('error', reject)
    asking.end(body)
  })
  const done = arrived.then(async (incoming) => {
    incoming.setEncoding('utf8')
    for await (const piece of incoming as AsyncIterable<string>) {
      text += piece
      grown()
    }
    grown()
    return answerOf(incoming, text)
  })
  // A test that waits for something else first may fail before it looks.
  done.catch(() => {})
  return {
    headers: arrived,
    async received(wanted) {
      const over = done.then(() => {
        if (!text.includes(wanted)) throw new Error(`the body ended without ${JSON.stringify(wanted)}: ${text}`)
      })
      while (!text.includes(wanted)) await Promise.race([new Promise<void>((resolve) => (grown = resolve)), over])
    },
    done,
  }
}

function answerOf(incoming: IncomingMessage, text: string): Answer {
  const cookies = incoming.headers['set-cookie'] ?? []
  const header = (name: string) => {
    const value = incoming.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const names = cookies.map((line) => line.slice(0, line.indexOf('=')))
  assert.deepEqual(names, [...new Set(names)], 'no two Set-Cookie lines of one name')
  if (names.some((name) => name.endsWith('sid'))) {
    assert.match(header('vary') ?? '', /\*|cookie/i, 'a response that sets the session cookie varies by it')
    assert.ok(header('cache-control'), 'a response that sets the session cookie says what caches may do')
  }
  return {
    status: incoming.statusCode as number,
    header,
    cookies,
    text,
    json: <T>() => {
      try {
        return JSON.parse(text) as T
      } catch {
        throw new assert.AssertionError({ message: `expected JSON, got ${incoming.statusCode}: ${text.slice(0, 300)}` })
      }
    },
  }
}
