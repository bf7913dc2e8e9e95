import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { listening } from '../../src/http/listening.ts'
import { createLoad, type Load, type LoadOrder } from '../../src/http/load.ts'
import { createPages, type HttpVerb, type Page } from '../../src/http/page.ts'
import { nobody, type Served } from '../../src/http/server-order.ts'
import type { SessionShape } from '../../src/http/session-shape.ts'

const shape: SessionShape = { layout: 'text', bytes: 200 }
const open: { served?: Served; load?: Load } = {}

afterEach(async () => {
  open.load?.close()
  await open.served?.close()
  delete open.load
  delete open.served
})

/** A server that keeps sessions in a Map, unless it is told to do otherwise. */
async function serve(
  misbehave: (request: IncomingMessage, response: ServerResponse, page: Page) => boolean = () => false,
) {
  const pages = createPages(shape)
  const sessions = new Map<string, object>()
  const requests: string[] = []
  const server = createServer((request, response) => {
    const { url = '/' } = request
    requests.push(`${request.method} ${url}`)
    const name = url.startsWith('/begin/')
      ? url.slice('/begin/'.length)
      : /sid=(\S+)/.exec(request.headers.cookie ?? '')?.[1]
    const session = sessions.get(name ?? '') ?? {}
    if (name === undefined) pages.begin(session, nobody)
    if (url.startsWith('/begin/')) {
      pages.begin(session, name as string)
      sessions.set(name as string, session)
      response.setHeader('Set-Cookie', `sid=${name}; Path=/`)
    }
    const page = url === '/write' ? pages.write(session) : pages.read(session)
    if (misbehave(request, response, page)) return
    const body = JSON.stringify(page)
    response.setHeader('Content-Length', body.length)
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
  open.served = await listening(server, async () => {})
  return { port: open.served.port, requests }
}

async function load(port: number, verb: HttpVerb, more: Partial<LoadOrder> = {}): Promise<Load> {
  open.load = await createLoad({ port, verb, shape, sessionless: false, connections: 2, ...more })
  return open.load
}

test('the sessions are begun and looked at before anything is measured, four for each connection', async () => {
  const { port, requests } = await serve()
  await load(port, 'write')
  expect(requests.filter((request) => request.startsWith('POST /begin/'))).toHaveLength(8)
  expect(requests.filter((request) => request === 'GET /read')).toHaveLength(8)
  expect(requests).not.toContain('POST /write')
})

test('exactly as many requests are sent as asked for, and the sample tells how long they took', async () => {
  const { port, requests } = await serve()
  const { run } = await load(port, 'read')
  const before = requests.length
  const sample = await run(101)
  expect(requests.length - before).toBe(101)
  expect(sample.operations).toBe(101)
  expect(sample.nanoseconds).toBeGreaterThan(0)
  expect(sample.p99).toBeGreaterThan(0)
  expect(sample.p99).toBeLessThanOrEqual(sample.nanoseconds)
})

test('every write is expected to find what the write before it left, from one sample to the next', async () => {
  const { port } = await serve()
  const { run } = await load(port, 'write')
  await run(50)
  await expect(run(50)).resolves.toMatchObject({ operations: 50 })
})

test('a write that was lost is an error, because the next one counts wrong', async () => {
  let writes = 0
  const { port } = await serve((request, response) => {
    if (request.url !== '/write' || ++writes !== 20) return false
    // Answered like the one before it: as if that had not been stored.
    const body = '{"visitor":"visitor-0-0","visits":1,"length":153}'
    response.setHeader('Content-Length', body.length)
    response.end(body)
    return true
  })
  const { run } = await load(port, 'write')
  await expect(run(100)).rejects.toThrow('expected 200 with')
})

test('a right page with a wrong status is an error', async () => {
  const { port } = await serve((_, response) => {
    response.statusCode = 203
    return false
  })
  await expect(load(port, 'read')).rejects.toThrow('no session began')
})

test('so is one among those that are measured', async () => {
  let reads = 0
  const { port } = await serve((request, response) => {
    if (request.url === '/read' && ++reads === 30) response.statusCode = 203
    return false
  })
  const { run } = await load(port, 'read')
  await expect(run(100)).rejects.toThrow('expected 200 with')
})

test('a session that is not there when it is looked at is an error before anything is measured', async () => {
  const { port } = await serve((request, response) => {
    if (request.url !== '/read') return false
    response.setHeader('Content-Length', 2)
    response.end('{}')
    return true
  })
  await expect(load(port, 'read')).rejects.toThrow('and should be {"visitor":"visitor-0-0","visits":0')
})

test('a server that hangs up is an error', async () => {
  let reads = 0
  const { port } = await serve((request, response) => {
    if (request.url !== '/read' || ++reads !== 30) return false
    response.destroy()
    return true
  })
  const { run } = await load(port, 'read')
  await expect(run(100)).rejects.toThrow('the server closed a connection')
})

test('a server without sessions is asked as one visitor, who is always new', async () => {
  const { port, requests } = await serve()
  const { run } = await load(port, 'write', { sessionless: true })
  expect(requests).toEqual([])
  await expect(run(20)).resolves.toMatchObject({ operations: 20 })
  await expect(run(20)).resolves.toMatchObject({ operations: 20 })
})
