import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, createServer, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createSessionStore } from '@transient/core'
import { createSessionLifecycle, sessionOf } from '@transient/http'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cookieOf, type Handler, openSite, secret } from './site.ts'
import { createStagedStore } from './staged-store.ts'

const count: Handler = (_, response, session) => {
  const { data } = session()
  data.visits = (data.visits ?? 0) + 1
  response.end(`visit ${data.visits}`)
}
const look: Handler = (_, response, session) => response.end(`${session().data.visits} ${session().endedBecause}`)

async function oneVisit(handler: Handler, load?: 'eager' | 'lazy') {
  const staged = createStagedStore()
  let current: Handler = count
  const site = await openSite((...args) => current(...args), { store: staged.store, load })
  if (load === 'lazy')
    current = async (_, response, session) => {
      await session().update('visits', () => 1)
      response.end()
    }
  const cookie = cookieOf(await site.get())
  current = handler
  staged.calls.length = 0
  return { ...staged, site, cookie }
}

describe('cookie in, cookie out', () => {
  it('gives a cookie with the first write, and none after that', async () => {
    const site = await openSite(count, { store: createMemoryStore() })
    const first = await site.get()
    expect(first.text).toBe('visit 1')
    expect(first.cookies[0]).toMatch(/^sid=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/)
    const second = await site.get('/', cookieOf(first))
    expect(second.text).toBe('visit 2')
    expect(second.cookies).toEqual([])
  })

  it('gives a visitor who writes nothing no cookie', async () => {
    const site = await openSite(look, { store: createMemoryStore() })
    expect((await site.get()).cookies).toEqual([])
  })

  it('gives a new cookie when the session is renewed', async () => {
    const { site, cookie } = await oneVisit(async (_, response, session) => {
      await session().renew({ grace: false })
      response.end(`${session().data.visits}`)
    })
    const renewed = await site.get('/', cookie)
    expect(renewed.text).toBe('1')
    expect(cookieOf(renewed)).not.toBe(cookie)
  })

  it('clears the cookie when the session is destroyed', async () => {
    const { site, cookie } = await oneVisit(async (_, response, session) => {
      await session().destroy()
      response.end()
    })
    expect((await site.get('/', cookie)).cookies).toEqual([
      'sid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
    ])
    expect((await site.get('/')).cookies).toEqual([])
  })

  it('hands out the new session when a destroyed one is written to', async () => {
    const { site, cookie } = await oneVisit(async (_, response, session) => {
      await session().destroy()
      session().data.name = 'Åsa'
      response.end()
    })
    const fresh = cookieOf(await site.get('/', cookie))
    expect(fresh).toMatch(/^sid=./)
    expect(fresh).not.toBe(cookie)
  })

  it('leaves the cookie of a session that is gone alone', async () => {
    const { site, cookie, store } = await oneVisit(look)
    await store.flush()
    const answer = await site.get('/', cookie)
    expect(answer.text).toBe('undefined expired')
    expect(answer.cookies).toEqual([])
  })

  it('hands a token out again that an old secret signed', async () => {
    const { site, cookie, store } = await oneVisit(look)
    const rotated = await openSite(look, { store, sessions: { secrets: [`${secret}!`, secret] } })
    const answer = await rotated.get('/', cookie)
    expect(answer.text).toBe('1 undefined')
    expect(cookieOf(answer)).not.toBe(cookie)
    expect((await rotated.get('/', cookieOf(answer))).cookies).toEqual([])
    expect(site.failures).toEqual([])
  })

  it('takes the first cookie with a good signature when there are several', async () => {
    const { site, cookie } = await oneVisit(look)
    expect((await site.get('/', `sid=planted; ${cookie}`)).text).toBe('1 undefined')
    expect((await site.get('/', `${cookie}; sid=planted`)).text).toBe('1 undefined')
  })

  it('gives a persistent cookie the absolute end of the session', async () => {
    const store = createMemoryStore()
    const site = await openSite(count, { store, cookie: { secure: false, persistent: true } })
    const [, seconds] = /Max-Age=(\d+)/.exec((await site.get()).cookies[0] as string) ?? []
    expect(Number(seconds)).toBeGreaterThan(12 * 3600 - 60)
    expect(Number(seconds)).toBeLessThanOrEqual(12 * 3600)
  })
})

it('two session stores share a request, each with a cookie of its own', async () => {
  const store = createMemoryStore()
  const staff = createSessionStore<{ rank: number }>(store, { secrets: `${secret}!`, prefix: 'staff:' })
  const behind = createSessionLifecycle(staff, { cookie: { secure: false, name: 'staff' } })
  const site = await openSite(
    (request, response, session) =>
      behind(request, response, () => {
        const visit = session().data
        const { data } = sessionOf(request, staff)
        visit.visits = (visit.visits ?? 0) + 1
        data.rank = (data.rank ?? 10) + 1
        response.end(`${visit.visits} ${data.rank}`)
      }),
    { store },
  )
  const first = await site.get()
  expect(first.text).toBe('1 11')
  expect(first.cookies.map((line) => line.split('=')[0]).sort()).toEqual(['sid', 'staff'])
  const second = await site.get('/', first.cookies.map((line) => line.split(';')[0]).join('; '))
  expect([second.text, second.cookies]).toEqual(['2 12', []])
})

it('HTTP/2 has the same sessions, held and dropped in the same way', async () => {
  const staged = createStagedStore()
  const sessions = createSessionStore<{ visits: number }>(staged.store, { secrets: secret, deadline: 5000 })
  const lifecycle = createSessionLifecycle(sessions, { cookie: { secure: false } })
  const server = createServer((request, response) => {
    const pair = [request, response] as unknown as Parameters<typeof lifecycle>
    lifecycle(pair[0], pair[1], (error) => {
      if (error !== undefined) return response.writeHead(503).end('error page')
      const { data } = sessionOf(pair[0], sessions)
      data.visits = (data.visits ?? 0) + 1
      response.setHeader('x-handler', 'yes')
      response.write('visit ')
      return response.end(String(data.visits))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const warnings: unknown[] = []
  const note = (warning: Error) => warnings.push(warning.message)
  process.on('warning', note)
  onTestFinished(() => void process.off('warning', note))
  const get = async (cookie = '') => {
    const stream = client.request({ ':path': '/', cookie })
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return { headers, text: Buffer.concat(chunks).toString() }
  }

  const first = await get()
  const [line] = first.headers['set-cookie'] ?? []
  expect([first.text, first.headers.vary]).toEqual(['visit 1', 'Cookie'])
  const cookie = (line as string).split(';')[0] as string
  expect((await get(cookie)).text).toBe('visit 2')
  staged.fail('unavailable')
  const failed = await get()
  expect([failed.headers[':status'], failed.text, failed.headers['x-handler']]).toEqual([503, 'error page', undefined])
  expect(warnings).toEqual([])
})

it('of two session stores one fails: its error is told, and the cookie of the other one leaves with the error page', async () => {
  const broken = createStagedStore()
  const staff = createSessionStore<{ rank: number }>(broken.store, { secrets: `${secret}!`, deadline: 5000 })
  const behind = createSessionLifecycle(staff, { cookie: { secure: false, name: 'staff' } })
  const errors: unknown[] = []
  const site = await openSite(
    (request, response, session) =>
      behind(request, response, (error) => {
        if (error !== undefined) {
          errors.push(error)
          response.statusCode = 503
          return response.end('staff only')
        }
        session().data.visits = 1
        sessionOf(request, staff).data.rank = 1
        broken.fail('unavailable')
        return response.end('stored')
      }),
    { store: createMemoryStore() },
  )
  const answer = await site.get()
  expect([answer.status, answer.text, site.failures]).toEqual([503, 'staff only', []])
  expect(errors).toEqual([expect.objectContaining({ code: 'unavailable', status: 503 })])
  expect((await site.sessions.load(cookieOf(answer).slice('sid='.length))).data).toEqual({ visits: 1 })
})

describe('what it costs', () => {
  it('is one command for a read, two for a write and one for a logout', async () => {
    const { site, cookie, calls } = await oneVisit((request, response, session) => {
      if (request.url === '/read') return response.end(String(session().data.visits))
      if (request.url === '/write') session().data.visits = 7
      return response.end()
    })
    await site.get('/read', cookie)
    expect(calls.splice(0)).toEqual(['get'])
    await site.get('/write', cookie)
    expect(calls.splice(0)).toEqual(['get', 'compareAndSet'])
    const lazy = await oneVisit(async (_, response, session) => {
      await session().destroy()
      response.end()
    }, 'lazy')
    await lazy.site.get('/', lazy.cookie)
    expect(lazy.calls).toEqual(['take'])
  })

  it.each([
    ['no cookie', undefined],
    ['an empty cookie', 'sid='],
    ['a forged cookie', `sid=1.AAAAAAAA.${'A'.repeat(43)}.${'A'.repeat(43)}`],
    ['a cookie of 10 KB', `sid=${'A'.repeat(10_240)}`],
    ['a cookie with odd characters', 'sid="\\x00é%zz"'],
  ])('is nothing for a visitor with %s, who is a new one', async (_, cookie) => {
    const { site, calls } = await oneVisit(look)
    expect((await site.get('/', cookie)).text).toMatch(/^undefined/)
    expect(calls).toEqual([])
  })

  it('is nothing for a token cut short, changed or of another site', async () => {
    const { site, cookie, calls } = await oneVisit(look)
    const foreign = await openSite(count, { store: createMemoryStore(), sessions: { secrets: `${secret}?` } })
    const flipped = cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    for (const wrong of [cookie.slice(0, -1), cookie.slice(0, 30), flipped, cookieOf(await foreign.get())])
      expect((await site.get('/', wrong)).text).toMatch(/^undefined (tampered|unreadable)$/)
    expect(calls).toEqual([])
  })

  it('is nothing for a lazy session that nobody asks for or loads', async () => {
    const { site, cookie, calls } = await oneVisit((request, response, session) => {
      if (request.url === '/asked') session()
      response.end()
    }, 'lazy')
    await site.get('/', cookie)
    await site.get('/asked', cookie)
    expect(calls).toEqual([])
  })

  it('is decided per request when load is a function', async () => {
    const staged = createStagedStore()
    const site = await openSite(
      (_, response, session) => {
        response.end(String(session().isLoaded))
      },
      { store: staged.store, load: (request) => (request.url === '/lazy' ? 'lazy' : 'eager') },
    )
    expect((await site.get('/lazy')).text).toBe('false')
    expect((await site.get('/')).text).toBe('true')
  })
})

describe('caches', () => {
  const pass = (answer: { headers: Headers }) => [answer.headers.get('vary'), answer.headers.get('cache-control')]

  it('are told to keep nothing of a response whose request asked for the session', async () => {
    const { site, cookie } = await oneVisit(look)
    expect(pass(await site.get('/'))).toEqual(['Cookie', 'private, no-store'])
    expect(pass(await site.get('/', cookie))).toEqual(['Cookie', 'private, no-store'])
  })

  it('are told nothing when the request did not ask', async () => {
    const { site, cookie } = await oneVisit((_, response) => response.end('static'))
    expect(pass(await site.get('/', cookie))).toEqual([null, null])
  })

  it.each([
    ['Accept-Encoding', 'Accept-Encoding, Cookie'],
    ['accept-encoding, cookie', 'accept-encoding, cookie'],
    ['*', '*'],
    [['Origin', 'Accept'], 'Origin, Accept, Cookie'],
  ])('get Cookie added to a Vary of %j', async (vary, merged) => {
    const { site } = await oneVisit((_, response, session) => {
      session()
      response.setHeader('Vary', vary)
      response.setHeader('Cache-Control', 'max-age=5')
      response.end()
    })
    expect(pass(await site.get())).toEqual([merged, 'max-age=5'])
  })

  it('learn it from an error page, too', async () => {
    const { site, cookie, fail } = await oneVisit(look)
    fail('unavailable')
    const answer = await site.get('/', cookie)
    expect(answer.status).toBe(503)
    expect(pass(answer)).toEqual(['Cookie', 'private, no-store'])
  })
})

describe('failures', () => {
  it('of the load go to next with a status, before the handler', async () => {
    let handled = 0
    const { site, cookie, fail, recover } = await oneVisit((_, response) => {
      handled++
      response.end('fine')
    })
    fail('unavailable')
    const answer = await site.get('/', cookie)
    expect([answer.status, answer.text, handled]).toEqual([503, 'error page: unavailable', 0])
    expect(site.failures[0]).toMatchObject({
      name: 'TransientError',
      code: 'unavailable',
      status: 503,
      statusCode: 503,
      expose: false,
    })
    recover()
    expect((await site.get('/', cookie)).text).toBe('fine')
  })

  it('of the commit drop what the handler had answered, and only that', async () => {
    const staged = createStagedStore()
    const site = await openSite(
      (_, response, session) => {
        session().data.name = 'Åsa'
        response.setHeader('X-Handler', 'yes')
        response.setHeader('Content-Length', '5')
        response.setHeader('X-Earlier', 'changed')
        response.appendHeader('Set-Cookie', 'flavour=vanilla')
        response.statusCode = 201
        response.statusMessage = 'Made'
        response.end('fresh')
      },
      { store: staged.store, before: (response) => response.setHeader('X-Earlier', 'kept') },
    )
    staged.fail('timeout')
    const answer = await site.get()
    expect([answer.status, answer.text]).toEqual([503, 'error page: timeout'])
    expect(answer.headers.get('x-earlier')).toBe('kept')
    expect(answer.headers.get('x-handler')).toBe(null)
    expect(answer.headers.get('x-error-page')).toBe('yes')
    expect(answer.cookies).toEqual([])
    expect(site.failures).toHaveLength(1)
  })

  it('answer 409 for a session that was ended meanwhile, and the cookie stays as it is', async () => {
    const { site, cookie, sessions } = await withSessions()
    const answer = await site.get('/', cookie)
    expect([answer.status, answer.text, answer.cookies]).toEqual([409, 'error page: session-ended', []])
    expect(site.failures[0]).toMatchObject({ code: 'session-ended', status: 409 })
    expect((await sessions.load(cookie.slice(4))).isNew).toBe(true)

    async function withSessions() {
      const visit = await oneVisit(async (request, response, session) => {
        session().data.name = 'late'
        const token = (request.headers.cookie as string).slice(4)
        await visit.site.sessions.open(token).destroy()
        response.end('stored')
      })
      return { ...visit, sessions: visit.site.sessions }
    }
  })

  it('of the commit do not lose the id that a renewal gave out before', async () => {
    const { site, cookie, fail, recover } = await oneVisit(async (_, response, session) => {
      await session().renew({ grace: false })
      session().data.name = 'Åsa'
      fail('unavailable')
      response.end('stored')
    })
    const answer = await site.get('/', cookie)
    expect([answer.status, answer.text]).toEqual([503, 'error page: unavailable'])
    recover()
    const { data } = await site.sessions.load(cookieOf(answer).slice('sid='.length))
    expect(data).toEqual({ visits: 1 })
  })

  it('of the commit do not keep the cookie of a session that was destroyed before', async () => {
    const { site, cookie, fail } = await oneVisit(async (_, response, session) => {
      await session().destroy()
      session().data.name = 'Åsa'
      fail('unavailable')
      response.end('stored')
    })
    const answer = await site.get('/', cookie)
    expect([answer.status, cookieOf(answer)]).toEqual([503, 'sid='])
  })

  it('of what a handler awaits have a status as well', async () => {
    const { site, cookie, fail, calls } = await oneVisit(async (_, response, session) => {
      fail('unavailable')
      const own = session()
      const attempts = [() => own.load(), () => own.update('visits', () => 1), () => own.renew(), () => own.destroy()]
      for (const attempt of attempts)
        await expect(attempt()).rejects.toMatchObject({ code: 'unavailable', status: 503, statusCode: 503 })
      response.end('checked')
    }, 'lazy')
    expect((await site.get('/', cookie)).text).toBe('checked')
    expect(calls).toEqual(['get', 'get', 'get', 'take'])
  })

  it('of a value without a JSON form go to next as they are', async () => {
    const site = await openSite(
      (_, response, session) => {
        Object.assign(session().data, { visits: 1n })
        response.end('stored')
      },
      { store: createMemoryStore() },
    )
    expect((await site.get()).status).toBe(500)
    expect(site.failures[0]).toBeInstanceOf(TypeError)
  })
})

describe('a stored session that is damaged', () => {
  it('is reported, is a new visitor to the handler, and is replaced by the next write', async () => {
    const { site, cookie, store } = await oneVisit(look)
    for await (const [key] of store.scan(''))
      await store.set(key as string, new TextEncoder().encode('{"visits": 3'), 60_000)
    const reports: unknown[] = []
    subscribe('transient:session:corrupt', (report) => reports.push(report))
    expect((await site.get('/', cookie)).text).toBe('undefined corrupt')
    expect(reports).toHaveLength(1)
    const counting = await openSite(count, { store })
    const repaired = await counting.get('/', cookie)
    expect(repaired.text).toBe('visit 1')
    expect((await counting.get('/', cookie)).text).toBe('visit 2')
  })
})

describe('misuse', () => {
  it('is an error that says where the middleware belongs', async () => {
    const store = createMemoryStore()
    const other = createSessionStore(store, { secrets: secret })
    const site = await openSite(
      (request, response) => {
        expect(() => sessionOf(request, other)).toThrow(/another session store/)
        expect(() => sessionOf({} as typeof request, other)).toThrow(/must come before the handler/)
        response.end('checked')
      },
      { store },
    )
    expect((await site.get()).text).toBe('checked')
  })

  it('is a TypeError at creation', () => {
    const sessions = createSessionStore(createMemoryStore(), { secrets: secret })
    expect(() => createSessionLifecycle(sessions, { load: 'later' as 'lazy' })).toThrow(/load must be/)
    expect(() => createSessionLifecycle(sessions, { cookie: { secure: false, name: '__Host-sid' } })).toThrow(TypeError)
  })
})
