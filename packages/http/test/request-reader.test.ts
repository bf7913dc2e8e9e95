import type { IncomingMessage } from 'node:http'
import { nodeRequestReader, type TrustProxy, webRequestReader } from '@transient/http'
import { describe, expect, it } from 'vitest'

const nodeRequest = (headers: Record<string, string | string[]>, encrypted?: boolean) =>
  ({ headers, socket: { encrypted } }) as unknown as IncomingMessage

describe('of node:http', () => {
  const { header, isSecure, host } = nodeRequestReader(undefined)

  it('finds the headers, and joins those that come in several lines', () => {
    expect(header(nodeRequest({ cookie: 'a=1' }), 'cookie')).toBe('a=1')
    expect(header(nodeRequest({ 'x-a': ['1', '2'] }), 'x-a')).toBe('1, 2')
    expect(header(nodeRequest({}), 'cookie')).toBe(undefined)
  })

  it('takes https from the socket alone', () => {
    const claims = { 'x-forwarded-proto': 'https' }
    expect(isSecure(nodeRequest(claims))).toBe(false)
    expect(isSecure(nodeRequest(claims, false))).toBe(false)
    expect(isSecure(nodeRequest({}, true))).toBe(true)
    expect(isSecure({ headers: {}, socket: null } as unknown as IncomingMessage)).toBe(false)
  })

  it('takes the host from Host, and on HTTP/2 from :authority', () => {
    expect(host(nodeRequest({ host: 'a.example:8080', 'x-forwarded-host': 'b.example' }))).toBe('a.example:8080')
    expect(host(nodeRequest({ ':authority': 'a.example' }))).toBe('a.example')
  })
})

describe('behind a trusted proxy', () => {
  const { isSecure, host } = nodeRequestReader(true)

  it.each([
    ['https', true],
    ['HTTPS', true],
    ['https, http', true],
    ['http, https', false],
    ['http', false],
    ['', false],
    ['httpss', false],
  ])('X-Forwarded-Proto: %s says %s, whatever the socket is', (proto, secure) => {
    expect(isSecure(nodeRequest({ 'x-forwarded-proto': proto }, !secure))).toBe(secure)
  })

  it('what it does not say is taken from the request', () => {
    expect(isSecure(nodeRequest({}, true))).toBe(true)
    expect(host(nodeRequest({ host: 'a.example' }))).toBe('a.example')
    expect(host(nodeRequest({ host: 'a.example', 'x-forwarded-host': '' }))).toBe('a.example')
  })

  it('X-Forwarded-Host is the host', () => {
    expect(host(nodeRequest({ host: '10.0.0.1', 'x-forwarded-host': 'shop.example, inner' }))).toBe('shop.example')
  })

  it('a function decides which requests came through one', () => {
    const reader = nodeRequestReader((request) => request.headers['x-via'] === 'mine')
    const claims = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'b.example', host: 'a.example' }
    expect([reader.isSecure(nodeRequest(claims)), reader.host(nodeRequest(claims))]).toEqual([false, 'a.example'])
    const ours = nodeRequest({ ...claims, 'x-via': 'mine' })
    expect([reader.isSecure(ours), reader.host(ours)]).toEqual([true, 'b.example'])
  })
})

describe('of web-standard requests', () => {
  const request = (url: string, headers = {}) => new Request(url, { headers })

  it('reads the address, and a proxy only if it is trusted', () => {
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example' }
    const alone = webRequestReader(undefined)
    expect(alone.isSecure(request('https://a.example/'))).toBe(true)
    expect(alone.isSecure(request('http://a.example/', forwarded))).toBe(false)
    expect(alone.host(request('http://a.example:81/', forwarded))).toBe('a.example:81')
    const trusting = webRequestReader(true)
    expect(trusting.isSecure(request('http://a.example/', forwarded))).toBe(true)
    expect(trusting.host(request('http://a.example/', forwarded))).toBe('shop.example')
  })
})

it('trustProxy that is neither a boolean nor a function is a TypeError', () => {
  const wrong = 'yes' as unknown as TrustProxy<unknown>
  for (const make of [nodeRequestReader, webRequestReader])
    expect(() => make(wrong)).toThrow(expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' }))
})
