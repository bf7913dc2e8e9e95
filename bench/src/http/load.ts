import type { Sample } from '../measure.ts'
import { host } from './listening.ts'
import { type LoadConnection, openLoadConnection } from './load-connection.ts'
import { expectedBody, type HttpVerb, paths } from './page.ts'
import { cookieIn, type ResponseText } from './response-text.ts'
import { nobody } from './server-order.ts'
import type { SessionShape } from './session-shape.ts'

/** What is asked of a server, again and again. */
export interface LoadOrder {
  readonly port: number
  readonly verb: HttpVerb
  readonly shape: SessionShape
  /** Whether the server knows no sessions, so that everybody gets the same page. */
  readonly sessionless: boolean
  /** How many connections wait for their answer beside each other. */
  readonly connections: number
}

/** A stretch of requests, every response of which was right. */
export interface HttpSample extends Sample {
  /** Of a hundred responses one took longer. */
  readonly p99: number
}

export interface Load {
  /** Rejects at the first response that is not exactly the right one. */
  run(requests: number): Promise<HttpSample>
  close(): void
}

/** A visitor with a session, who remembers how often they were here. */
interface Visitor {
  readonly request: Buffer
  readonly expected: (visits: number) => string
  visits: number
}

const sessionsPerConnection = 4

/** Opens the connections, begins the sessions, and looks at each of them once. */
export async function createLoad(order: LoadOrder): Promise<Load> {
  let fail: (error: Error) => void = () => {}
  const broken = new Promise<never>((_, reject) => {
    fail = reject
  })
  // A failure between two samples is told by the next one.
  broken.catch(() => {})
  const lines: { connection: LoadConnection; visitors: Visitor[] }[] = []
  for (let number = 0; number < order.connections; number += 1) {
    const connection = await openLoadConnection(order.port, fail)
    const visitors: Visitor[] = []
    for (let count = 0; count < (order.sessionless ? 1 : sessionsPerConnection); count += 1) {
      const name = `visitor-${number}-${count}`
      visitors.push(await Promise.race([beginVisit(connection, order, name), broken]))
    }
    lines.push({ connection, visitors })
  }

  function check({ status, head, body }: ResponseText, visitor: Visitor): void {
    if (order.verb === 'write' && (visitor.visits === 0 || !order.sessionless)) visitor.visits += 1
    const expected = visitor.expected(visitor.visits)
    if (status === 200 && body === expected) return
    throw new Error(`expected 200 with ${expected}, got\n${head}\n\n${body}`)
  }

  function run(requests: number): Promise<HttpSample> {
    const times = new Float64Array(requests)
    let sent = 0
    let answered = 0
    return new Promise((resolve, reject) => {
      broken.catch(reject)
      const began = performance.now()
      for (const { connection, visitors } of lines) {
        let turn = 0
        const next = (): void => {
          if (sent === requests) return
          sent += 1
          const visitor = visitors[turn++ % visitors.length] as Visitor
          const asked = performance.now()
          connection.send(visitor.request, (response) => {
            check(response, visitor)
            const now = performance.now()
            times[answered++] = now - asked
            if (answered < requests) next()
            else resolve({ operations: requests, nanoseconds: (now - began) * 1e6, p99: share(times, 0.99) * 1e6 })
          })
        }
        next()
      }
    })
  }

  return { run, close: () => lines.forEach(({ connection }) => connection.close()) }
}

async function beginVisit(connection: LoadConnection, order: LoadOrder, name: string): Promise<Visitor> {
  const { verb, shape, sessionless } = order
  const method = verb === 'write' ? 'POST' : 'GET'
  if (sessionless)
    return { request: requestFor(method, paths[verb]), expected: expectedBody(shape, verb, nobody), visits: 0 }
  const { status, head } = await ask(connection, requestFor('POST', `/begin/${name}`))
  const cookie = cookieIn(head)
  if (status !== 200 || cookie === undefined) throw new Error(`no session began: ${head}`)
  // What was begun must be there before anything is measured.
  const { body } = await ask(connection, requestFor('GET', paths.read, cookie))
  const right = expectedBody(shape, 'read', name)(0)
  if (body !== right) throw new Error(`the session of ${name} is ${body} and should be ${right}`)
  return { request: requestFor(method, paths[verb], cookie), expected: expectedBody(shape, verb, name), visits: 0 }
}

function ask(connection: LoadConnection, request: Buffer): Promise<ResponseText> {
  return new Promise((resolve) => connection.send(request, resolve))
}

/** As a browser with another cookie beside ours would ask. */
function requestFor(method: 'GET' | 'POST', path: string, cookie?: string): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Accept: application/json']
  if (cookie !== undefined) lines.push(`Cookie: theme=dark; ${cookie}`)
  if (method === 'POST') lines.push('Content-Length: 0')
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

function share(times: Float64Array, part: number): number {
  return Float64Array.from(times).sort()[Math.ceil(times.length * part) - 1] as number
}
