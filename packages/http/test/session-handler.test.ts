import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createSessionStore, type Session } from '@transient/core'
import { createRequestSessions, createSessionHandler, type SessionHandlerOptions } from '@transient/http'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, it } from 'vitest'
import { secret, type Visit } from './site.ts'
import { createStagedStore } from './staged-store.ts'

const url = 'https://shop.example/'

function openShop(options: SessionHandlerOptions = {}) {
  const staged = createStagedStore()
  const sessions = createSessionStore<Visit>(staged.store, { secrets: secret, deadline: 5000 })
  return { ...staged, sessions, withSession: createSessionHandler(sessions, options) }
}

const ask = (cookie = '', path = '', headers = {}) => new Request(url + path, { headers: { cookie, ...headers } })
const cookieOf = (response: Response) => (response.headers.getSetCookie()[0] ?? '').split(';')[0] as string
const passes = (response: Response) => [response.headers.get('vary'), response.headers.get('cache-control')]

const count = (_: Request, session: Session<Visit>) => {
  session.data.visits = (session.data.visits ?? 0) + 1
  return new Response(`visit ${session.data.visits}`)
}

describe('a handler of web-standard requests', () => {
  it('has its session, and its response the cookie', async () => {
    const { withSession } = openShop()
    const visit = withSession(count)
    const first = await visit(ask())
    expect(first.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-sid=[\w.-]{100,}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    expect(passes(first)).toEqual(['Cookie', 'private, no-store'])
    const second = await visit(ask(cookieOf(first)))
    expect([await second.text(), second.headers.getSetCookie()]).toEqual(['visit 2', []])
  })

  it('is given what the server passes besides the request, typed', async () => {
    const { withSession } = openShop()
    const page = withSession(async (_request, session, context: { params: { id: string } }, more: number) => {
      session.data.name = context.params.id
      return new Response(`${session.data.name} ${more}`)
    })
    expect(await (await page(ask(), { params: { id: 'ÅÄÖ' } }, 7)).text()).toBe('ÅÄÖ 7')
  })

  it('answers after the session is stored', async () => {
    const { withSession, hold } = openShop()
    const gate = hold('compareAndSet')
    let isAnswered = false
    const answering = withSession(count)(ask()).then(() => (isAnswered = true))
    await gate.arrived
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(isAnswered).toBe(false)
    gate.open()
    await answering
  })

  it('may answer with a redirect, whose headers nobody can change', async () => {
    const { withSession } = openShop()
    const answer = await withSession((_, session) => {
      session.data.visits = 1
      return Response.redirect('https://shop.example/next', 303)
    })(ask())
    expect([answer.status, answer.headers.get('location')]).toEqual([303, 'https://shop.example/next'])
    expect(cookieOf(answer)).toMatch(/^__Host-sid=./)
  })

  it('may answer with the same response again and again, without handing out a cookie of another visitor', async () => {
    const { withSession } = openShop()
    const same = Response.redirect('https://shop.example/next', 303)
    const visit = withSession((_, session) => {
      session.data.visits = 1
      return same
    })
    const [one, two] = [await visit(ask()), await visit(ask())]
    expect(cookieOf(one)).not.toBe(cookieOf(two))
    expect(same.headers.getSetCookie()).toEqual([])
  })

  it.each([204, 304, 205])('may answer %i, which has no body', async (status) => {
    const { withSession } = openShop()
    const answer = await withSession((request, session) => {
      count(request, session)
      return new Response(null, { status })
    })(ask())
    expect([answer.status, answer.body, answer.headers.getSetCookie().length]).toEqual([status, null, 1])
  })

  it('keeps cookies, caching rules and status text of its own', async () => {
    const { withSession } = openShop()
    const answer = await withSession((request, session) => {
      count(request, session)
      const headers = new Headers({ vary: 'Accept', 'cache-control': 'max-age=5' })
      for (const line of ['a=1', '__Host-sid=mine', 'b=2']) headers.append('set-cookie', line)
      return new Response('text', { status: 201, statusText: 'Made', headers })
    })(ask())
    expect([answer.status, answer.statusText]).toEqual([201, 'Made'])
    expect(passes(answer)).toEqual(['Accept, Cookie', 'max-age=5'])
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2', expect.stringMatching(/^__Host-sid=[\w.-]{100,};/)])
  })

  it('streams, chunk by chunk, and a late write is an error', async () => {
    const { withSession, sessions } = openShop()
    let send = (_: string) => {}
    let end = () => {}
    let late: unknown
    const answer = await withSession((_, session) => {
      session.data.visits = 1
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          send = (text) => controller.enqueue(new TextEncoder().encode(text))
          end = () => {
            try {
              session.data.visits = 2
            } catch (error) {
              late = error
            }
            controller.close()
          }
        },
      })
      return new Response(body)
    })(ask())
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    const read = async () => new TextDecoder().decode((await reader.read()).value)
    send('one')
    expect(await read()).toBe('one')
    send('two')
    expect(await read()).toBe('two')
    end()
    expect((await reader.read()).done).toBe(true)
    expect(late).toMatchObject({ code: 'session-sealed', message: expect.stringMatching(/the response has left/) })
    expect((await sessions.load(cookieOf(answer).slice('__Host-sid='.length))).data).toEqual({ visits: 1 })
  })

  it('that answers nothing, as after an upgrade on Bun, is left with nothing', async () => {
    const { withSession } = openShop()
    const nothing = undefined as unknown as Response
    expect(await withSession(() => nothing)(ask())).toBe(undefined)
    expect((await withSession(() => Response.error())(ask())).type).toBe('error')
  })

  it("with load: 'none' has no session, and its response is left as it is", async () => {
    const { withSession, calls } = openShop({ load: (request) => (request.url.endsWith('/asset') ? 'none' : 'eager') })
    const cookie = cookieOf(await withSession(count)(ask()))
    calls.length = 0
    const asset = new Response('asset')
    expect(await withSession(() => asset)(ask(cookie, 'asset'))).toBe(asset)
    expect(calls).toEqual([])
    for (const touch of [
      (session: Session<Visit>) => session.data,
      (session: Session<Visit>) => Object.assign(session, { a: 1 }),
      (session: Session<Visit>) => 'data' in session,
    ])
      await expect(
        withSession((_, session) => new Response(String(touch(session))))(ask(cookie, 'asset')),
      ).rejects.toThrow(/has load: 'none'/)
  })

  it("with load: 'lazy' reads when it is told to", async () => {
    const { withSession, calls } = openShop({ load: 'lazy' })
    const page = withSession(async (_, session) => {
      const before = session.isLoaded
      await session.load()
      return new Response(`${before} ${session.isLoaded}`)
    })
    expect(await (await page(ask())).text()).toBe('false true')
    expect(calls).toEqual([])
  })

  it("decides by the address whether it came by https, with secure: 'auto'", async () => {
    const { withSession } = openShop({ cookie: { secure: 'auto' } })
    const visit = withSession(count)
    expect(cookieOf(await visit(new Request('https://shop.example/')))).toMatch(/^__Host-sid=/)
    expect(cookieOf(await visit(new Request('http://shop.example/')))).toMatch(/^sid=/)
    const forged = new Request('http://shop.example/', { headers: { 'x-forwarded-proto': 'https' } })
    expect(cookieOf(await visit(forged))).toMatch(/^sid=/)
    const trusting = openShop({ cookie: { secure: 'auto' }, trustProxy: true }).withSession(count)
    expect(cookieOf(await trusting(forged))).toMatch(/^__Host-sid=/)
  })
})

describe('a failure', () => {
  it('of the load is a line of text with its status, and headers for caches', async () => {
    const { withSession, fail } = openShop()
    const cookie = cookieOf(await withSession(count)(ask()))
    fail('unavailable')
    let handled = 0
    const failures: unknown[] = []
    const listener = (failure: unknown) => void failures.push(failure)
    subscribe('transient:session:failed', listener)
    const answer = await withSession(() => new Response(String(handled++)))(ask(cookie))
    unsubscribe('transient:session:failed', listener)
    expect([answer.status, handled, answer.headers.getSetCookie()]).toEqual([503, 0, []])
    expect(answer.headers.get('retry-after')).toBe('5')
    // Nobody else is told: the line of text is all there is.
    expect(failures).toEqual([{ code: 'unavailable', operation: 'get' }])
    expect(passes(answer)).toEqual(['Cookie', 'private, no-store'])
    expect(await answer.text()).toBe('Please try again in a moment.')
  })

  it('of the commit drops the response, and tells whoever makes its body', async () => {
    const { withSession, fail } = openShop()
    let isCancelled = false
    const answer = await withSession((_, session) => {
      session.data.visits = 1
      fail('timeout')
      const body = new ReadableStream({
        cancel: () => {
          isCancelled = true
        },
      })
      return new Response(body, { status: 201, headers: { 'x-handler': 'yes' } })
    })(ask())
    expect([answer.status, answer.headers.get('x-handler'), isCancelled]).toEqual([503, null, true])
  })

  it('is rendered by onError, and the page has the cookie of a renewal that came before it', async () => {
    const seen: unknown[] = []
    const shop = openShop({
      onError: async (error, request) => {
        seen.push(error, request.url)
        return new Response('a page of ours', { status: (error as { status: number }).status })
      },
    })
    const cookie = cookieOf(await shop.withSession(count)(ask()))
    const answer = await shop.withSession(async (request, session) => {
      await session.renew({ grace: false })
      shop.fail('unavailable')
      return count(request, session)
    })(ask(cookie))
    expect([answer.status, await answer.text()]).toEqual([503, 'a page of ours'])
    expect(seen).toEqual([expect.objectContaining({ code: 'unavailable', status: 503, expose: false }), url])
    shop.recover()
    expect((await shop.sessions.load(cookieOf(answer).slice('__Host-sid='.length))).data).toEqual({ visits: 1 })
  })

  it('of a session that was ended meanwhile is 409', async () => {
    const { withSession, sessions } = openShop()
    const cookie = cookieOf(await withSession(count)(ask()))
    const answer = await withSession(async (request, session) => {
      await sessions.open(cookie.slice('__Host-sid='.length)).destroy()
      return count(request, session)
    })(ask(cookie))
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([409, []])
  })

  it('of the handler itself is thrown on, and what it changed before is stored', async () => {
    const { withSession, sessions } = openShop()
    let token: string | undefined
    const broken = withSession(async (_, session) => {
      await session.update('visits', () => 1)
      ;({ token } = session)
      session.data.name = 'Åsa'
      throw new Error('later')
    })
    await expect(broken(ask())).rejects.toThrow('later')
    expect((await sessions.load(token)).data).toEqual({ visits: 1, name: 'Åsa' })
  })

  it('of the handler goes to onError, once, though the commit failed as well', async () => {
    const seen: unknown[] = []
    const shop = openShop({
      onError: (error) => {
        seen.push(error)
        return new Response('sorry', { status: 500 })
      },
    })
    const answer = await shop.withSession((_, session) => {
      session.data.visits = 1
      shop.fail('unavailable')
      throw new Error('first')
    })(ask())
    expect([answer.status, passes(answer)]).toEqual([500, ['Cookie', 'private, no-store']])
    expect(seen).toEqual([expect.objectContaining({ message: 'first' })])
  })

  it('that is a thrown response is an answer, with its cookie; if it cannot be committed it is dropped', async () => {
    const { withSession, fail } = openShop()
    const leave = withSession((_, session) => {
      session.data.visits = 1
      // oxlint-disable-next-line typescript/only-throw-error -- React Router does
      throw Response.redirect('https://shop.example/login', 302)
    })
    const answer = await leave(ask())
    expect([answer.status, cookieOf(answer).slice(0, 11)]).toEqual([302, '__Host-sid='])
    fail('unavailable')
    expect((await leave(ask())).status).toBe(503)
  })

  it('of the options is a TypeError at creation', () => {
    const sessions = createSessionStore(createMemoryStore(), { secrets: secret })
    const wrong = { onError: 'page' as unknown as () => Response }
    expect(() => createSessionHandler(sessions, wrong)).toThrow(/onError must be a function/)
    expect(() => createSessionHandler(sessions, { cookie: { name: '' } })).toThrow(TypeError)
    expect(() => createRequestSessions(sessions, { load: 'no' as 'none' })).toThrow(TypeError)
  })
})

describe('step by step, for loaders and actions', () => {
  it('the session comes first, and headers to add later', async () => {
    const { sessions } = openShop()
    const visits = createRequestSessions(sessions)
    const visit = visits(ask())
    await visit.load()
    visit.session.data.name = 'Åsa'
    const headers = await visit.commit()
    expect([...headers.keys()].sort()).toEqual(['cache-control', 'set-cookie', 'vary'])
    const again = visits(ask(headers.getSetCookie()[0]?.split(';')[0]))
    await again.load()
    expect(again.session.data.name).toBe('Åsa')
    expect([...(await again.commit()).keys()].sort()).toEqual(['cache-control', 'vary'])
  })

  it('a request whose session nobody asked for has no headers, and its response goes as it is', async () => {
    const { sessions } = openShop()
    const visit = createRequestSessions(sessions)(ask())
    await visit.load()
    const response = new Response('static')
    expect(await visit.finish(response)).toBe(response)
    expect([...(await visit.commit())]).toEqual([])
  })

  it('asked for after that, it can be read and not changed', async () => {
    const { sessions } = openShop()
    const visit = createRequestSessions(sessions)(ask())
    await visit.load()
    await visit.commit()
    expect(() => (visit.session.data.name = 'late')).toThrow(expect.objectContaining({ code: 'session-sealed' }))
  })

  it('a commit that failed lets the error page leave', async () => {
    const { sessions, fail } = openShop()
    const visit = createRequestSessions(sessions)(ask())
    await visit.load()
    visit.session.data.name = 'Åsa'
    fail('unavailable')
    await expect(visit.commit()).rejects.toMatchObject({ code: 'unavailable', status: 503 })
    const page = await visit.finish(new Response('sorry', { status: 503 }))
    expect([page.status, passes(page)]).toEqual([503, ['Cookie', 'private, no-store']])
  })

  it('parallel commits of one request that fail all reject', async () => {
    const { sessions, fail } = openShop()
    const visit = createRequestSessions(sessions)(ask())
    await visit.load()
    visit.session.data.name = 'Åsa'
    fail('unavailable')
    const both = await Promise.allSettled([visit.commit(), visit.finish(new Response('stored'))])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('parallel commits of one request store once, and both wait', async () => {
    const { sessions, calls, hold } = openShop()
    const visit = createRequestSessions(sessions)(ask())
    await visit.load()
    visit.session.data.name = 'Åsa'
    const gate = hold('compareAndSet')
    let done = 0
    const both = [visit.commit(), visit.commit()].map((one) => one.then(() => done++))
    await gate.arrived
    expect(done).toBe(0)
    gate.open()
    await Promise.all(both)
    expect(calls).toEqual(['compareAndSet'])
  })
})
