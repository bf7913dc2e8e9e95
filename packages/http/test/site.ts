import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createSessionStore, type Session, type SessionStore, type SessionStoreOptions } from '@transient/core'
import type { TransientStore } from '@transient/core/store'
import { createSessionLifecycle, type SessionLifecycleOptions, sessionOf } from '@transient/http'
import { onTestFinished } from 'vitest'

export interface Visit {
  visits?: number
  name?: string
}

export type Handler = (request: IncomingMessage, response: ServerResponse, session: () => Session<Visit>) => unknown

export interface SiteOptions extends SessionLifecycleOptions {
  readonly store: TransientStore
  readonly sessions?: Partial<SessionStoreOptions>
  /** Sets headers before the session's lifecycle begins, as earlier middleware does. */
  readonly before?: (response: ServerResponse) => void
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly cookies: readonly string[]
  readonly text: string
}

/** A server on a free port, with sessions in plain-http cookies. It ends with the test. */
export interface Site {
  readonly port: number
  readonly sessions: SessionStore<Visit>
  /** What `next(error)` was called with. */
  readonly failures: unknown[]
  get(path?: string, cookie?: string): Promise<Answer>
  /** Sends the text as it is, and gives everything that comes back until the server closes. */
  raw(text: string): Promise<string>
}

export const secret = 'a secret of the tests, long enough for anyone'

export async function openSite(handler: Handler, options: SiteOptions): Promise<Site> {
  const sessions = createSessionStore<Visit>(options.store, { secrets: secret, deadline: 5000, ...options.sessions })
  const failures: unknown[] = []
  const { cookie = { secure: false }, load, storeDown, trustProxy } = options
  const lifecycle = createSessionLifecycle(sessions, { cookie, load, storeDown, trustProxy })

  function fail(response: ServerResponse, error: unknown): void {
    failures.push(error)
    response.statusCode = (error as { status?: number }).status ?? 500
    response.setHeader('X-Error-Page', 'yes')
    response.end(`error page: ${(error as { code?: string }).code}`)
  }
  const server = createServer((incoming, response) => {
    options.before?.(response)
    lifecycle(incoming, response, (error) => {
      if (error !== undefined) return fail(response, error)
      return void (async () => handler(incoming, response, () => sessionOf(incoming, sessions)))().catch(
        (thrown: unknown) => {
          response.statusCode = 500
          response.end(`handler threw ${(thrown as { code?: string }).code ?? String(thrown)}`)
        },
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo

  return {
    port,
    sessions,
    failures,
    // fetch would keep cookies and headers it deems improper to itself.
    get: (path = '/', cookie) =>
      new Promise((resolve, reject) => {
        const headers = cookie === undefined ? {} : { cookie }
        const asking = request({ host: '127.0.0.1', port, path, headers, agent: false }, (incoming) => {
          const chunks: Buffer[] = []
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
          incoming.on('end', () => {
            const { statusCode = 0, headers } = incoming
            const plain = Object.entries(headers).filter(([name]) => name !== 'set-cookie') as [string, string][]
            const text = Buffer.concat(chunks).toString()
            resolve({ status: statusCode, headers: new Headers(plain), cookies: headers['set-cookie'] ?? [], text })
          })
          incoming.on('error', reject)
        })
        asking.on('error', reject)
        asking.end()
      }),
    raw: (text) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = []
        const socket = connect(port, '127.0.0.1', () => socket.write(text))
        socket.on('data', (chunk: Buffer) => chunks.push(chunk))
        socket.on('end', () => resolve(Buffer.concat(chunks).toString()))
        socket.on('error', reject)
      }),
  }
}

/** The `name=value` of the one cookie that an answer sets. */
export function cookieOf(answer: Answer): string {
  const [line, ...others] = answer.cookies
  if (line === undefined || others.length > 0) throw new Error(`expected one cookie, got ${answer.cookies.length}`)
  return line.split(';')[0] as string
}
