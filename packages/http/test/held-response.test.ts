import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Handler, openSite, type Site } from './site.ts'
import { createStagedStore } from './staged-store.ts'

/** A site whose handler changes the session first, and whose store holds the commit until the gate opens. */
async function held(send: (response: ServerResponse, ...rest: Parameters<Handler>) => unknown) {
  const staged = createStagedStore()
  const gate = staged.hold('compareAndSet')
  const site = await openSite(
    (request, response, session) => {
      session().data.name = 'Åsa'
      return send(response, request, response, session)
    },
    { store: staged.store },
  )
  return { ...staged, gate, site }
}

/** Lets the request go as far as it can while the store is held, then opens the gate. */
async function through({ site, gate }: { site: Site; gate: { arrived: Promise<void>; open(): void } }, path = '/') {
  const answer = site.get(path)
  await gate.arrived
  gate.open()
  return answer
}

async function fileOf(bytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'transient-http-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'file')
  await writeFile(path, Buffer.alloc(bytes, 'x'))
  return path
}

describe('nothing leaves before the store has acknowledged', () => {
  it.each<[string, (response: ServerResponse) => unknown]>([
    ['end', (response) => response.end('text')],
    ['write', (response) => response.write('te') || response.end('xt')],
    ['writeHead', (response) => response.writeHead(200).end('text')],
    [
      'flushHeaders',
      (response) => {
        response.flushHeaders()
        response.end('text')
      },
    ],
    ['pipe', (response) => Readable.from(['te', 'xt']).pipe(response)],
    ['pipeline', (response) => pipeline(Readable.from(['te', 'xt']), response)],
    [
      'pipeline of a generator',
      (response) =>
        pipeline(async function* () {
          yield 'te'
          yield 'xt'
        }, response),
    ],
    ['a redirect', (response) => response.writeHead(302, { Location: '/next' }).end('text')],
    ['an error page', (response) => Object.assign(response, { statusCode: 500 }).end('text')],
  ])('with %s', async (_, send) => {
    let socket: Socket | null = null
    const stage = await held((response) => {
      socket = response.socket
      return send(response)
    })
    const answer = stage.site.get()
    await stage.gate.arrived
    // What streams have to say in the next ticks is said.
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
    expect((socket as Socket | null)?.bytesWritten).toBe(0)
    stage.gate.open()
    const { text, cookies } = await answer
    expect([text, cookies.length]).toEqual(['text', 1])
  })

  it('and a change after that throws session-sealed', async () => {
    const codes: unknown[] = []
    const stage = await held(async (response, _request, _response, session) => {
      response.end('text')
      try {
        session().data.name = 'late'
      } catch (error) {
        codes.push((error as { code: string }).code)
      }
      await session()
        .update('visits', () => 1)
        .catch((error: { code: string }) => codes.push(error.code))
      await session()
        .destroy()
        .catch((error: { code: string }) => codes.push(error.code))
    })
    expect((await through(stage)).text).toBe('text')
    expect(codes).toEqual(['session-sealed', 'session-sealed', 'session-sealed'])
  })

  it('and a session asked for after the headers have left can be read, not changed', async () => {
    const site = await openSite(
      (_, response, session) => {
        response.write('early ')
        let code = 'none'
        try {
          session().data.name = 'late'
        } catch (error) {
          code = (error as { code: string }).code
        }
        response.end(`${code} ${session().data.name}`)
      },
      { store: createMemoryStore() },
    )
    const answer = await site.get()
    expect(answer.text).toBe('early session-sealed undefined')
    expect(answer.cookies).toEqual([])
  })
})

describe('while it is held, a response looks as it would without', () => {
  it('headers are sent, and cannot be set any more', async () => {
    const seen: unknown[] = []
    const stage = await held((response) => {
      seen.push(response.headersSent, response.writableEnded, response.write('a'), response.headersSent)
      for (const late of [
        () => response.setHeader('a', 'b'),
        () => response.removeHeader('a'),
        () => response.writeHead(200),
        () => response.appendHeader('a', 'b'),
        () => response.setHeaders(new Map([['a', 'b']])),
      ]) {
        try {
          late()
        } catch (error) {
          seen.push((error as { code: string }).code)
        }
      }
      response.statusCode = 418
      seen.push(response.end('b') === response, response.writableEnded)
    })
    const answer = await through(stage)
    expect([answer.status, answer.text]).toEqual([200, 'ab'])
    const tooLate = 'ERR_HTTP_HEADERS_SENT'
    expect(seen).toEqual([false, false, false, true, tooLate, tooLate, tooLate, tooLate, tooLate, true, true])
  })

  it('callbacks come in order, each after its chunk', async () => {
    const order: string[] = []
    const stage = await held(
      (response) =>
        new Promise<void>((resolve) => {
          response.write('a', () => order.push('first'))
          response.write('6263', 'hex', () => order.push('second'))
          response.end('ZA==', 'base64', () => {
            order.push('end')
            resolve()
          })
          response.on('finish', () => order.push('finish'))
        }),
    )
    expect((await through(stage)).text).toBe('abcd')
    expect(order.slice(0, 2)).toEqual(['first', 'second'])
    expect(order.slice(2).sort()).toEqual(['end', 'finish'])
  })

  it('end takes a callback alone', async () => {
    let called = 0
    const stage = await held((response) => response.end(() => called++))
    expect((await through(stage)).text).toBe('')
    expect(called).toBe(1)
  })

  it('write asks to wait, and drain follows', async () => {
    let drained = 0
    const stage = await held(async (response) => {
      for (const chunk of ['a', 'b', 'c']) {
        if (response.write(chunk)) continue
        await new Promise<void>((resolve) => response.once('drain', resolve))
        drained++
      }
      response.end()
    })
    expect((await through(stage)).text).toBe('abc')
    expect(drained).toBe(1)
  })

  it('a large file streams through with its backpressure', async () => {
    const path = await fileOf(3_000_000)
    let most = 0
    const stage = await held((response) => {
      const source = createReadStream(path)
      source.on('data', () => (most = Math.max(most, response.writableLength)))
      source.pipe(response)
    })
    expect((await through(stage)).text).toHaveLength(3_000_000)
    expect(most).toBeLessThan(1_000_000)
  })

  it('a chunk, a header or a status that node:http refuses throws at once', async () => {
    const codes: unknown[] = []
    const stage = await held((response) => {
      for (const wrong of [
        () => response.write(null),
        () => response.end(5 as unknown as string),
        () => response.writeHead(99),
        () => response.writeHead(200, { 'X-Bad': 'a\nb' }),
        () => response.writeHead(200, ['X-Odd'] as string[]),
      ]) {
        try {
          wrong()
        } catch (error) {
          codes.push((error as { code: string }).code)
        }
      }
      response.end('fine')
    })
    expect((await through(stage)).text).toBe('fine')
    expect(codes).toEqual([
      'ERR_STREAM_NULL_VALUES',
      'ERR_INVALID_ARG_TYPE',
      'ERR_HTTP_INVALID_STATUS_CODE',
      'ERR_INVALID_CHAR',
      'ERR_INVALID_ARG_VALUE',
    ])
  })
})

describe('Set-Cookie', () => {
  const others = ['a=1; Path=/', 'b=2']
  it.each<[string, (response: ServerResponse) => unknown]>([
    ['setHeader', (response) => response.setHeader('Set-Cookie', others).end()],
    [
      'appendHeader',
      (response) =>
        response
          .appendHeader('set-cookie', others[0] as string)
          .appendHeader('Set-Cookie', others[1] as string)
          .end(),
    ],
    ['an object for writeHead', (response) => response.writeHead(200, { 'set-cookie': others }).end()],
    [
      'a flat array for writeHead',
      (response) =>
        response
          .writeHead(
            200,
            others.flatMap((line) => ['Set-Cookie', line]),
          )
          .end(),
    ],
    ['a status text and an object', (response) => response.writeHead(200, 'Fine', { 'SET-COOKIE': others }).end()],
    [
      'an object after setHeader',
      (response) => response.setHeader('Set-Cookie', 'gone=1').writeHead(200, { 'Set-Cookie': others }).end(),
    ],
    [
      'a flat array after setHeader',
      (response) =>
        response
          .setHeader('Set-Cookie', 'gone=1')
          .writeHead(
            200,
            others.flatMap((line) => ['Set-Cookie', line]),
          )
          .end(),
    ],
    [
      'one of the same name before ours',
      (response) => response.setHeader('Set-Cookie', [...others, 'sid=app; Path=/']).end(),
    ],
  ])('keeps those of the application, given by %s, and has one of ours', async (_, send) => {
    const answer = await through(await held(send))
    expect(answer.cookies.slice(0, 2)).toEqual(others)
    expect(answer.cookies.slice(2)).toEqual([
      expect.stringMatching(/^sid=[\w.-]{100,}; Path=\/; HttpOnly; SameSite=Lax$/),
    ])
  })

  it('leaves other headers of writeHead, their repetition and the status text as they were given', async () => {
    const stage = await held((response) =>
      response.writeHead(203, 'Sort Of', ['X-A', '1', 'x-a', '2', 'X-B', '3']).end('!'),
    )
    const raw = stage.site.raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await stage.gate.arrived
    stage.gate.open()
    const text = await raw
    expect(text).toMatch(/^HTTP\/1.1 203 Sort Of\r\n/)
    expect(text.match(/^x-[ab]: .*$/gim)).toEqual(['X-A: 1', 'X-A: 2', 'X-B: 3'])
  })
})

describe('odd requests', () => {
  it('HEAD, 204 and 304 have a cookie and no body', async () => {
    const stage = await held((response, request) => {
      response.statusCode = Number(request.url?.slice(1))
      response.end(response.statusCode === 200 ? 'body' : undefined)
    })
    stage.gate.open()
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ] as const) {
      const text = await stage.site.raw(`${method} /${status} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      const [head, body] = text.split('\r\n\r\n')
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      expect(head).toMatch(/^Set-Cookie: sid=/im)
      expect(body).toBe('')
    }
  })

  it('pipelined ones are answered in order, each with its own session', async () => {
    const stage = await held((response, request) => response.end(`<${request.url}>`))
    const one = (path: string, close = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${close}\r\n`
    const text = stage.site.raw(one('/1') + one('/2') + one('/3', 'Connection: close\r\n'))
    await stage.gate.arrived
    stage.gate.open()
    expect((await text).match(/<\/\d>/g)).toEqual(['</1>', '</2>', '</3>'])
    expect(new Set((await text).match(/sid=[^;]+/g)).size).toBe(3)
  })

  it('a client that hangs up during the commit harms nobody, and the session is stored', async () => {
    const closed: string[] = []
    const stage = await held(
      (response) =>
        new Promise<void>((resolve) => {
          response.on('close', () => {
            closed.push('close')
            resolve()
          })
          response.write('a')
          response.end('b')
        }),
    )
    const asking = request({ host: '127.0.0.1', port: stage.site.port, agent: false }).on('error', () =>
      closed.push('client'),
    )
    asking.end()
    await stage.gate.arrived
    asking.destroy()
    while (!closed.includes('close')) await new Promise((resolve) => setImmediate(resolve))
    stage.gate.open()
    expect((await stage.site.get()).status).toBe(200)
    let stored = 0
    for await (const keys of stage.store.scan('')) stored += keys.length
    expect(stored).toBe(2)
    expect(stage.site.failures).toEqual([])
  })
})

describe('a response that is dropped', () => {
  it.each<[string, (response: ServerResponse) => unknown]>([
    [
      'headers and body in one',
      (response) => response.writeHead(201, { 'Content-Length': 4, 'X-Handler': 'yes' }).end('text'),
    ],
    ['a stream', (response) => Readable.from(['a', 'b', 'c']).pipe(response)],
    ['a stream in a pipeline', (response) => pipeline(Readable.from(['a', 'b', 'c']), response).catch(() => {})],
    [
      'chunks that go on coming',
      async (response) => {
        for (let i = 0; i < 20; i++) {
          response.write('chunk')
          await new Promise((resolve) => setImmediate(resolve))
        }
        response.end('the end')
      },
    ],
    ['a callback that goes on', (response) => response.write('a', () => response.end('b', () => response.write('c')))],
  ])('leaves nothing in the error page: %s', async (_, send) => {
    const stage = await held(send)
    stage.fail('unavailable')
    const answer = await through(stage)
    expect([answer.status, answer.text]).toEqual([503, 'error page: unavailable'])
    expect(answer.headers.get('x-handler')).toBe(null)
    // The connection serves on, and so does the site.
    for (let i = 0; i < 25; i++) await new Promise((resolve) => setImmediate(resolve))
    stage.recover()
    expect(stage.site.failures).toHaveLength(1)
  })

  it('tells the callbacks of its chunks', async () => {
    const errors: unknown[] = []
    const stage = await held((response) => {
      response.write('a', (error) => errors.push((error as unknown as { code: string }).code))
      response.end('b', () => errors.push('end'))
    })
    stage.fail('unavailable')
    await through(stage)
    expect(errors).toEqual(['ERR_STREAM_DESTROYED', 'end'])
  })

  it('is safe from a handler that writes on while the error page is on its way', async () => {
    const seen: unknown[] = []
    const stage = await held(async (response) => {
      const { socket } = response
      // What an earlier wrapper holds on to.
      const write = response.write.bind(response)
      const note = (error?: Error | null) => seen.push((error as { code?: string } | undefined)?.code)
      socket?.cork()
      response.write('a')
      while (!response.writableEnded) await new Promise((resolve) => setImmediate(resolve))
      expect([response.write('b', note), write('c', note), response.end('d', note)]).toEqual([false, false, response])
      await new Promise((resolve) => setImmediate(resolve))
      socket?.uncork()
    })
    stage.fail('unavailable')
    expect((await through(stage)).text).toBe('error page: unavailable')
    expect(seen).toEqual(Array(3).fill('ERR_STREAM_DESTROYED'))
  })

  it('takes its sources off before the error page begins', async () => {
    const failuresThen: number[] = []
    const stage = await held((response) => {
      response.on('unpipe', () => failuresThen.push(stage.site.failures.length))
      Readable.from(['a', 'b', 'c']).pipe(response)
    })
    stage.fail('unavailable')
    await through(stage)
    expect(failuresThen).toEqual([0])
  })

  it('drops what wrappers laid around it meanwhile, as compression does', async () => {
    const stage = await held((response) => {
      const { write, end } = response
      let over = false
      Object.assign(response, {
        write: (chunk: string) => write.call(response, chunk.toUpperCase(), 'utf8'),
        end: (chunk: string) => {
          if (over) return response
          over = true
          return end.call(response, chunk.toUpperCase(), 'utf8')
        },
      })
      response.end('text')
    })
    stage.fail('unavailable')
    expect((await through(stage)).text).toBe('error page: unavailable')
  })
})

describe('a response with nothing to commit leaves at once', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['write', (response) => expect(response.write('text')).toBe(true)],
    ['writeHead', (response) => response.writeHead(200, { Vary: 'Accept' }).write('text')],
    ['flushHeaders', (response) => response.flushHeaders()],
  ])('with %s, and has what the cookie and caches need', async (_, send) => {
    const handler: Handler = (_request, response, session) => {
      void session().data.name
      send(response)
      // `headersSent` would say the same of a held response; this is the text that was made of them.
      expect((response as unknown as { _header: string | null })._header).toContain('HTTP/1.1 200')
      expect(() => (session().data.name = 'late')).toThrow(expect.objectContaining({ code: 'session-sealed' }))
      response.end()
    }
    const site = await openSite(handler, { store: createMemoryStore() })
    const answer = await site.get('/')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('vary')).toMatch(/Cookie$/)
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
  })
})
