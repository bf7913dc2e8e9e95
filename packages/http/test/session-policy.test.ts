import { createSessionStore } from '@transient/core'
import { createSessionLifecycle, sessionOf } from '@transient/http'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, it } from 'vitest'
import { cookieOf, type Handler, openSite, secret } from './site.ts'
import { createStagedStore } from './staged-store.ts'

const count: Handler = (_, response, session) => {
  const { data } = session()
  data.visits = (data.visits ?? 0) + 1
  response.end(`visit ${data.visits}`)
}

describe("load: 'none'", () => {
  it('never opens a session: no command, no headers, whatever the cookie', async () => {
    const { store, calls } = createStagedStore()
    const cookie = cookieOf(await (await openSite(count, { store })).get())
    calls.length = 0
    const site = await openSite((_, response) => response.end('asset'), { store, load: 'none' })
    const answer = await site.get('/', cookie)
    expect([answer.text, answer.headers.get('vary'), answer.headers.get('cache-control')]).toEqual([
      'asset',
      null,
      null,
    ])
    expect(calls).toEqual([])
  })

  it('makes asking for it an error that says so', async () => {
    const site = await openSite(
      (request, response, session) => {
        if (request.url !== '/none') return response.end(String(session().isLoaded))
        expect(session).toThrow(/has load: 'none'/)
        return response.end('refused')
      },
      { store: createMemoryStore(), load: ({ url }) => (url === '/none' ? 'none' : 'eager') },
    )
    expect((await site.get('/none')).text).toBe('refused')
    expect((await site.get('/')).text).toBe('true')
  })

  it('is overruled by a lifecycle further in', async () => {
    const store = createMemoryStore()
    const sessions = createSessionStore<{ visits: number }>(store, { secrets: secret })
    const within = createSessionLifecycle(sessions, { cookie: { secure: false } })
    const without = createSessionLifecycle(sessions, { cookie: { secure: false }, load: 'none' })
    const site = await openSite(
      (request, response) =>
        without(request, response, () =>
          within(request, response, () => {
            sessionOf(request, sessions).data.visits = 1
            response.end('stored')
          }),
        ),
      { store, load: 'none' },
    )
    expect((await site.get()).cookies).toHaveLength(1)
  })
})

describe('storeDown', () => {
  const tell: Handler = (_, response, session) => {
    const { data, readFailure } = session()
    response.end(`${data.visits} ${readFailure?.code}`)
  }

  it("'anonymous' goes on with nobody in particular, and leaves the cookie alone", async () => {
    const { store, fail } = createStagedStore()
    const cookie = cookieOf(await (await openSite(count, { store })).get())
    const site = await openSite(tell, { store, storeDown: 'anonymous' })
    fail('unavailable')
    const answer = await site.get('/', cookie)
    expect([answer.status, answer.text, answer.cookies]).toEqual([200, 'undefined unavailable', []])
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
  })

  it("'anonymous' puts no new session in place of one that could not be read", async () => {
    const { store, fail, recover } = createStagedStore()
    const cookie = cookieOf(await (await openSite(count, { store })).get())
    const site = await openSite(count, { store, storeDown: 'anonymous' })
    fail('unavailable')
    const answer = await site.get('/', cookie)
    expect([answer.status, answer.text, answer.cookies]).toEqual([503, 'error page: unavailable', []])
    recover()
    expect((await site.get('/', cookie)).text).toBe('visit 2')
  })

  it('goes for a load that the handler asks for, unless it says otherwise', async () => {
    const { store, fail } = createStagedStore()
    const cookie = cookieOf(await (await openSite(count, { store })).get())
    const site = await openSite(
      async (request, response, session) => {
        await session().load(request.url === '/throw' ? { storeDown: 'throw' } : undefined)
        response.end(session().readFailure?.code)
      },
      { store, load: 'lazy', storeDown: 'anonymous' },
    )
    fail('timeout')
    expect((await site.get('/', cookie)).text).toBe('timeout')
    expect((await site.get('/throw', cookie)).text).toBe('handler threw timeout')
  })

  it('is decided per request when it is a function', async () => {
    const { store, fail } = createStagedStore()
    const cookie = cookieOf(await (await openSite(count, { store })).get())
    const site = await openSite(tell, {
      store,
      storeDown: ({ url }) => (url === '/open' ? 'anonymous' : 'throw'),
    })
    fail('unavailable')
    expect([(await site.get('/open', cookie)).status, (await site.get('/', cookie)).status]).toEqual([200, 503])
  })
})

describe('wrong policies', () => {
  const sessions = createSessionStore(createMemoryStore(), { secrets: secret })

  it.each([
    [{ load: 'later' as 'lazy' }, /load must be 'eager', 'lazy', 'none'/],
    [{ storeDown: 'ignore' as 'throw' }, /storeDown must be 'throw', 'anonymous'/],
    [{ trustProxy: 1 as unknown as boolean }, /trustProxy must be/],
  ])('%j is a TypeError at creation', (options, message) => {
    expect(() => createSessionLifecycle(sessions, options)).toThrow(message)
    expect(() => createSessionLifecycle(sessions, options)).toThrow(TypeError)
  })

  it('from a function are an error of the request', async () => {
    const site = await openSite(count, { store: createMemoryStore(), load: () => 'later' as 'lazy' })
    expect((await site.get()).status).toBe(500)
    expect(site.failures[0]).toMatchObject({ name: 'TypeError', code: 'invalid-argument' })
  })

  it('and so is a function that throws', async () => {
    const site = await openSite(count, {
      store: createMemoryStore(),
      load: () => {
        throw new Error('no idea')
      },
    })
    expect((await site.get()).status).toBe(500)
    expect(site.failures[0]).toMatchObject({ message: 'no idea' })
  })
})

describe('a response that streams', () => {
  it('is told of a late write by an error, whatever the write is', async () => {
    const codes: unknown[] = []
    const note = (error: unknown) => {
      const { code, message } = error as Error & { code: string }
      expect(message).toMatch(/the response has left/)
      codes.push(code)
    }
    const site = await openSite(
      async (_, response, session) => {
        const own = session()
        const { data } = own
        data.visits = 1
        response.write('first ')
        await new Promise((resolve) => response.once('drain', resolve))
        try {
          data.name = 'late'
        } catch (error) {
          note(error)
        }
        try {
          own.flash('late')
        } catch (error) {
          note(error)
        }
        for (const late of [
          () => own.update('visits', () => 2),
          () => own.renew(),
          () => own.login('asa'),
          () => own.logout(),
          () => own.destroy(),
          () => own.takeFlash(),
          () => own.setLifetime({ persistent: true }),
        ])
          await late().catch(note)
        response.end(String(data.visits))
      },
      { store: createMemoryStore() },
    )
    const answer = await site.get()
    expect([answer.status, answer.text]).toEqual([200, 'first 1'])
    expect(codes).toEqual(Array(9).fill('session-sealed'))
    expect((await site.sessions.load(cookieOf(answer).slice(4))).data).toEqual({ visits: 1 })
  })
})
