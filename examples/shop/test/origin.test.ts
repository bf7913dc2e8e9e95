import { describe, expect, it } from 'vitest'
import { isFromHere } from '../src/origin.ts'

type Headers = Record<string, string>

const from = (headers: Headers, isProxied = false) => isFromHere((name) => headers[name], isProxied)

describe('a form without a token', () => {
  it.each<[string, Headers, boolean]>([
    ['our own origin', { origin: 'http://shop.example' }, true],
    ['our own page, as the browser says', { 'sec-fetch-site': 'same-origin' }, true],
    ['no browser', {}, true],
    ['a sibling', { 'sec-fetch-site': 'same-site' }, false],
    ['another site', { 'sec-fetch-site': 'cross-site' }, false],
    ['another origin', { origin: 'http://evil.example' }, false],
    ['another origin, said to be ours', { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' }, false],
    ['a sandboxed frame', { origin: 'null' }, false],
    ['another port', { origin: 'http://shop.example:81' }, false],
  ])('of %s: %j is from here: %j', (_, headers, isOurs) => {
    expect(from({ host: 'shop.example', ...headers })).toBe(isOurs)
  })

  it('is compared with the host that the proxy names, where there is one', () => {
    const headers = { host: '127.0.0.1:3000', 'x-forwarded-host': 'shop.example', origin: 'https://shop.example' }
    expect(from(headers, true)).toBe(true)
    expect(from(headers)).toBe(false)
    expect(from({ ...headers, origin: 'https://127.0.0.1:3000' }, true)).toBe(false)
  })

  it('is not from here where visitors come by https and the page came by http, which anybody on the way can write', () => {
    expect(from({ host: 'shop.example', origin: 'http://shop.example' }, true)).toBe(false)
  })
})
