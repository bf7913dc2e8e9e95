import { createSessionStore, type Session } from '@transient/core'
import { type CsrfCheckOptions, createCsrfCheck, csrfRefusal, verifyCsrf } from '@transient/http'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, it } from 'vitest'
import { openSite, secret, type Visit } from './site.ts'

const origin = 'https://shop.example'
type Body = NonNullable<ConstructorParameters<typeof Response>[0]>

/** A visitor with a form, and what it is checked by. */
async function openForm(options: CsrfCheckOptions = {}) {
  const sessions = createSessionStore<Visit>(createMemoryStore(), { secrets: secret })
  const session = await sessions.load()
  const token = session.csrfToken()
  await session.commit()
  const check = createCsrfCheck(options)
  const post = (headers: Record<string, string> = {}, body?: Body, target: Session<Visit> = session) =>
    check(new Request(`${origin}/pay`, { method: 'POST', headers, ...(body !== undefined && { body }) }), target)
  const problemOf = async (...args: Parameters<typeof post>) => {
    const answer = await post(...args)
    return answer?.status
  }
  return { sessions, session, token, check, post, problemOf }
}

describe('where a request comes from', () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ['nothing said', {}, undefined],
    ['our own origin', { origin }, undefined],
    ['our own, with a usual port', { origin, host: 'shop.example:443' }, undefined],
    ['same-origin', { 'sec-fetch-site': 'same-origin' }, undefined],
    ['none', { 'sec-fetch-site': 'none' }, undefined],
    ['a sibling', { 'sec-fetch-site': 'same-site' }, 403],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a word of tomorrow', { 'sec-fetch-site': 'somewhere' }, 403],
    ['null', { origin: 'null' }, 403],
    ['an empty origin', { origin: '' }, 403],
    ['plain http, though the request came by https', { origin: 'http://shop.example' }, 403],
    ['another port', { origin: 'https://shop.example:444' }, 403],
    ['a longer host', { origin: 'https://shop.example.evil' }, 403],
    ['a user in front', { origin: 'https://shop.example@evil' }, 403],
    ['a path behind', { origin: 'https://shop.example/' }, 403],
    ['two of them', { origin: 'https://shop.example, https://evil' }, 403],
    ['same-origin, with a foreign origin', { 'sec-fetch-site': 'same-origin', origin: 'https://evil' }, 403],
    ['ours, said to be from elsewhere', { 'sec-fetch-site': 'cross-site', origin }, 403],
    ['a trusted origin', { origin: 'https://partner.example' }, undefined],
    [
      'a trusted origin, of another site',
      { 'sec-fetch-site': 'cross-site', origin: 'https://partner.example' },
      undefined,
    ],
    ['a trusted origin in other letters', { origin: 'https://PARTNER.example' }, 403],
  ])('%s', async (_, headers, status) => {
    const { problemOf, token } = await openForm({ trustedOrigins: ['https://partner.example'] })
    expect(await problemOf({ ...headers, 'x-csrf-token': token })).toBe(status)
  })

  it('is compared with the origin option where there is one', async () => {
    const { problemOf, token } = await openForm({ origin: 'https://www.example' })
    expect(await problemOf({ origin: 'https://www.example', 'x-csrf-token': token })).toBe(undefined)
    expect(await problemOf({ origin, 'x-csrf-token': token })).toBe(403)
  })

  it('is compared with X-Forwarded-Host behind a trusted proxy', async () => {
    const forwarded = { 'x-forwarded-host': 'www.example', 'x-forwarded-proto': 'https', origin: 'https://www.example' }
    const trusting = await openForm({ trustProxy: true })
    expect(await trusting.problemOf({ ...forwarded, 'x-csrf-token': trusting.token })).toBe(undefined)
    const alone = await openForm()
    expect(await alone.problemOf({ ...forwarded, 'x-csrf-token': alone.token })).toBe(403)
  })

  it('may be https where the request seems to have come by http, as behind a proxy that nobody spoke of', async () => {
    const { check, session, token } = await openForm()
    const headers = { origin, 'x-csrf-token': token }
    expect(await check(new Request('http://shop.example/pay', { method: 'POST', headers }), session)).toBe(undefined)
  })
})

describe('the token', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('is not asked for by %s, not even from elsewhere', async (method) => {
    const { check, session } = await openForm()
    const headers = { origin: 'https://evil', 'sec-fetch-site': 'cross-site' }
    expect(await check(new Request(origin, { method, headers }), session)).toBe(undefined)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PURGE'])('is asked for by %s', async (method) => {
    const { check, session } = await openForm()
    expect((await check(new Request(origin, { method }), session))?.status).toBe(403)
  })

  it('counts in a form of either type, and the handler can still read it', async () => {
    const { check, session, token } = await openForm()
    const multipart = new FormData()
    multipart.set('_csrf', token)
    multipart.set('name', 'ÅÄÖ')
    for (const body of [multipart, new URLSearchParams({ _csrf: token, name: 'ÅÄÖ' })]) {
      const request = new Request(origin, { method: 'POST', body })
      expect(await check(request, session)).toBe(undefined)
      expect((await request.formData()).get('name')).toBe('ÅÄÖ')
    }
  })

  it.each<[string, (token: string) => [Record<string, string>, Body]]>([
    ['a JSON body', (token) => [{ 'content-type': 'application/json' }, JSON.stringify({ _csrf: token })]],
    ['a text that looks like a form', (token) => [{ 'content-type': 'text/plain' }, `_csrf=${token}`]],
    ['a field that is there twice', (token) => [{}, new URLSearchParams(`_csrf=${token}&_csrf=${token}`)]],
    ['a field of another name', (token) => [{}, new URLSearchParams({ csrf: token })]],
    ['a file', (token) => [{}, fileOf(token)]],
    ['a form that is broken', () => [{ 'content-type': 'multipart/form-data; boundary=x' }, '--x\r\nbroken']],
  ])('does not count in %s', async (_, make) => {
    const { problemOf, token } = await openForm()
    expect(await problemOf(...make(token))).toBe(403)
  })

  it('does not count in the URL', async () => {
    const { check, session, token } = await openForm()
    const request = new Request(`${origin}/?_csrf=${token}&x-csrf-token=${token}`, { method: 'POST' })
    expect((await check(request, session))?.status).toBe(403)
  })

  it('that is right in the field does not rescue one that is wrong, or empty, in the header', async () => {
    const { problemOf, token } = await openForm()
    const form = new URLSearchParams({ _csrf: token })
    expect(await problemOf({ 'x-csrf-token': 'wrong' }, form)).toBe(403)
    expect(await problemOf({ 'x-csrf-token': '' }, form)).toBe(403)
    expect(await problemOf({}, form)).toBe(undefined)
  })

  it('is not looked for in a form that is too long, said or not', async () => {
    const { check, session, token } = await openForm({ maxFormSize: 1000 })
    const long = new URLSearchParams({ _csrf: token, more: 'x'.repeat(1000) }).toString()
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const said = new Request(origin, { method: 'POST', body: long, headers: { ...type, 'content-length': '1100' } })
    expect((await check(said, session))?.status).toBe(403)
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled++
        controller.enqueue(new TextEncoder().encode('x='.repeat(100)))
      },
    })
    const endless = new Request(origin, { method: 'POST', body, headers: type, duplex: 'half' })
    expect((await check(endless, session))?.status).toBe(403)
    expect(pulled).toBeLessThan(20)
  })

  it('is not looked for in a body that is no form: that is not read at all', async () => {
    const { check, session } = await openForm()
    let pulled = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulled++
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    const headers = { 'content-type': 'application/json' }
    const request = new Request(origin, { method: 'POST', body, headers, duplex: 'half' })
    expect((await check(request, session))?.status).toBe(403)
    expect(pulled).toBe(0)
  })

  it('of a form that was read already cannot be found, which is an error', async () => {
    const { check, session } = await openForm()
    const request = new Request(origin, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
    await request.formData()
    await expect(check(request, session)).rejects.toThrow(/read already/)
  })

  it('has the header and the field that the options name', async () => {
    const { problemOf, token } = await openForm({ header: 'X-Token', field: 'token' })
    expect(await problemOf({ 'x-token': token })).toBe(undefined)
    expect(await problemOf({}, new URLSearchParams({ token }))).toBe(undefined)
    expect(await problemOf({ 'x-csrf-token': token })).toBe(403)
  })

  it('of a session whose id was renewed elsewhere is found by reading it', async () => {
    const { sessions, session, problemOf } = await openForm()
    const old = session.token
    await session.renew()
    const fresh = session.csrfToken()
    const lazy = sessions.open(old)
    expect(await problemOf({ 'x-csrf-token': fresh }, undefined, lazy)).toBe(undefined)
    expect(lazy.isLoaded).toBe(true)
  })

  it('of a session that need not be read is checked without reading it', async () => {
    const { sessions, session, token, problemOf } = await openForm()
    const lazy = sessions.open(session.token)
    expect(await problemOf({ 'x-csrf-token': token }, undefined, lazy)).toBe(undefined)
    expect(lazy.isLoaded).toBe(false)
  })
})

describe('a request that is refused', () => {
  it.each([
    [undefined, 'text/html; charset=utf-8'],
    ['', 'text/html; charset=utf-8'],
    ['*/*', 'text/html; charset=utf-8'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8'],
    ['application/json', 'application/json'],
    ['application/json, text/plain, */*', 'application/json'],
    ['application/*', 'application/json'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['TEXT/PLAIN;q=0.9, text/html;q=0.1', 'text/plain; charset=utf-8'],
    ['text/html;q=0, application/json;q=0.5', 'application/json'],
    ['image/png', 'text/html; charset=utf-8'],
    ['text/html;q=much', 'text/html; charset=utf-8'],
  ])('is answered, for Accept: %s, with %s', (accept, type) => {
    const { status, headers, body } = csrfRefusal(accept)
    expect([status, headers['content-type']]).toEqual([403, type])
    expect(headers['cache-control']).toBe('private, no-store')
    expect(body).toContain('could not be accepted')
  })

  it('gets a page that stands alone: a language, a title, a heading, nothing from elsewhere', () => {
    const { body } = csrfRefusal('text/html')
    for (const part of ['<html lang="en">', '<title>', '<h1>', '<main>', 'name="viewport"'])
      expect(body).toContain(part)
    expect(body).not.toMatch(/<script|https?:\/\/|src=|href=/)
  })

  it('is an error for the framework where the options say so', async () => {
    const { check, session } = await openForm({ onFailure: 'throw' })
    await expect(check(new Request(origin, { method: 'POST' }), session)).rejects.toMatchObject({
      code: 'csrf',
      status: 403,
      statusCode: 403,
      expose: true,
      problem: 'no-token',
      message: expect.stringContaining('could not be accepted'),
    })
  })

  it('is none where the options skip it', async () => {
    const { check, session } = await openForm({ skip: ({ url }) => url.endsWith('/hook') })
    expect(await check(new Request(`${origin}/hook`, { method: 'POST' }), session)).toBe(undefined)
    expect((await check(new Request(origin, { method: 'POST' }), session))?.status).toBe(403)
  })
})

describe('over node:http', () => {
  async function openPayment(
    options: Parameters<typeof verifyCsrf>[1],
    bodyOf: (token: string) => unknown = () => undefined,
  ) {
    let handled = 0
    const site = await openSite(
      (request, response, session) => {
        if (request.url === '/form') return response.end(session().csrfToken())
        // What a body parser makes of a form.
        const body = bodyOf(request.url?.split('?')[1] ?? '')
        Object.assign(request, { method: 'POST', body })
        return new Promise<void>((resolve, reject) => {
          verifyCsrf(site.sessions, options)(request, response, (error) => {
            if (error instanceof Error) return reject(error)
            handled++
            response.end('paid')
            resolve()
          })
          response.on('finish', () => resolve())
        })
      },
      { store: createMemoryStore() },
    )
    return { site, handled: () => handled }
  }

  it('the answer to a refused request is not for caches, and the handler does not run', async () => {
    const { site, handled } = await openPayment({})
    const answer = await site.get('/pay')
    expect([answer.status, handled()]).toEqual([403, 0])
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect([answer.headers.get('vary'), answer.headers.get('cache-control')]).toEqual(['Cookie', 'private, no-store'])
    expect(answer.cookies).toEqual([])
  })

  it("with onFailure: 'throw' next() gets the error", async () => {
    const { site } = await openPayment({ onFailure: 'throw' })
    expect((await site.get('/pay')).text).toBe('handler threw csrf')
  })

  it.each<[string, number, (token: string) => unknown]>([
    ['a text of the body passes', 200, (token) => ({ _csrf: token })],
    [
      'a text of a body without a prototype passes',
      200,
      (token) => Object.assign(Object.create(null), { _csrf: token }),
    ],
    ['an inherited text does not', 403, (token) => Object.create({ _csrf: token }) as unknown],
    ['a list does not', 403, (token) => ({ _csrf: [token] })],
    ['an object does not', 403, (token) => ({ _csrf: { toString: () => token } })],
    ['a body that is no object does not', 403, (token) => token],
    ['no body does not', 403, () => undefined],
  ])('of a form %s', async (_, status, bodyOf) => {
    const { site } = await openPayment({}, bodyOf)
    const { text, cookies } = await site.get('/form')
    expect((await site.get(`/pay?${text}`, cookies[0]?.split(';')[0])).status).toBe(status)
  })

  it('asks for its session by the rules of the route', async () => {
    const sessions = createSessionStore(createMemoryStore(), { secrets: secret })
    const check = verifyCsrf(sessions)
    const request = { method: 'POST', headers: {}, socket: {} } as never
    expect(() => check(request, {} as never, () => {})).toThrow(/must come before the handler/)
  })
})

describe('wrong options are a TypeError at creation', () => {
  it.each<[CsrfCheckOptions, RegExp]>([
    [{ origin: 'shop.example' }, /origin must be one like/],
    [{ origin: 'https://shop.example/' }, /origin must be one like/],
    [{ trustedOrigins: ['null'] }, /an origin to trust must be/],
    [{ trustedOrigins: ['*'] }, /an origin to trust must be/],
    [{ trustedOrigins: ['ftp://a.example'] }, /an origin to trust must be/],
    [{ trustedOrigins: 'https://a.example' as unknown as string[] }, /trustedOrigins must be an array/],
    [{ header: 'a b' }, /name of a header/],
    [{ field: '' }, /name of a form field/],
    [{ skip: true as unknown as () => boolean }, /skip must be a function/],
    [{ onFailure: 'log' as 'throw' }, /onFailure must be/],
    [{ maxFormSize: -1 }, /maxFormSize must be/],
  ])('%j', (options, message) => {
    expect(() => createCsrfCheck(options)).toThrow(message)
    expect(() => createCsrfCheck(options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

function fileOf(token: string): FormData {
  const form = new FormData()
  form.set('_csrf', new File([token], 'token.txt'))
  return form
}
