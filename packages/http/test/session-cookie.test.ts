import { describe, expect, it } from 'vitest'
import { chooseCookie, type SessionCookieOptions } from '../src/lib/session-cookie.ts'

const day = 86_400_000
const createSessionCookie = (options?: SessionCookieOptions) => chooseCookie(options)({}, () => true)

describe('writing', () => {
  it('is __Host-sid, Secure, HttpOnly, SameSite=Lax, Path=/ and nothing else unless told otherwise', () => {
    expect(createSessionCookie().issue('abc', Date.now() + day)).toBe(
      '__Host-sid=abc; Path=/; HttpOnly; Secure; SameSite=Lax',
    )
  })

  it('is called sid on plain http', () => {
    expect(createSessionCookie({ secure: false }).issue('abc', undefined)).toBe(
      'sid=abc; Path=/; HttpOnly; SameSite=Lax',
    )
  })

  it('has every attribute that was asked for', () => {
    const cookie = createSessionCookie({
      name: '__Secure-shop',
      domain: 'shop.example',
      path: '/app',
      sameSite: 'none',
      httpOnly: false,
      partitioned: true,
      priority: 'high',
    })
    expect(cookie.issue('abc', undefined)).toBe(
      '__Secure-shop=abc; Domain=shop.example; Path=/app; Secure; Partitioned; Priority=High; SameSite=None',
    )
  })

  it('lives as long as the session when it is persistent, and at most 400 days', () => {
    const cookie = createSessionCookie({ persistent: true })
    expect(cookie.issue('abc', Date.now() + day + 500)).toContain('; Max-Age=86400;')
    expect(cookie.issue('abc', Date.now() + 900 * day)).toContain(`; Max-Age=${400 * 86_400};`)
    expect(cookie.issue('abc', Date.now() - day)).toContain('; Max-Age=1;')
  })

  it('clears with the attributes it was set with', () => {
    const options = { name: '__Secure-a', domain: 'shop.example', path: '/app', sameSite: 'strict' } as const
    const set = createSessionCookie(options).issue('x', undefined).replace('=x;', '=; Max-Age=0;')
    expect(createSessionCookie(options).clear().replace(' Expires=Thu, 01 Jan 1970 00:00:00 GMT;', '')).toBe(set)
  })
})

describe('reading', () => {
  const { read } = createSessionCookie({ secure: false })

  it('finds the cookie among others, whatever the spaces', () => {
    expect(read('a=1; sid=abc; b=2')).toEqual(['abc'])
    expect(read('sid=abc')).toEqual(['abc'])
    expect(read('a=1;sid= abc ;b=2')).toEqual(['abc'])
    expect(read('a=1;\tsid=abc')).toEqual(['abc'])
  })

  it('does not take a longer or shorter name, or a value, for the cookie', () => {
    for (const header of [
      undefined,
      '',
      'sid',
      'xsid=1',
      'sidx=1',
      'x-sid=1',
      'a=sid=1',
      'a=b sid=1',
      'SID=1',
      '; ; =sid=',
    ])
      expect([header, read(header)]).toEqual([header, []])
  })

  it('gives all values of a repeated name in the order of the header, eight at most', () => {
    expect(read('sid=a; sid=b')).toEqual(['a', 'b'])
    expect(read(Array.from({ length: 3000 }, (_, i) => `sid=${i}`).join('; '))).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ])
  })

  it('passes over a value that is too long to be a token', () => {
    expect(read(`sid=${'x'.repeat(513)}; sid=${'x'.repeat(512)}`)).toEqual(['x'.repeat(512)])
  })

  it('takes no longer than the header is long, whatever is in it', () => {
    // An hour of quadratic work would show; the bound only has to be far from it.
    const started = performance.now()
    for (const header of ['sid'.repeat(5000), ' '.repeat(16_000) + 'sid=1', 'sid=;'.repeat(3000)]) read(header)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe("secure: 'auto'", () => {
  const choose = chooseCookie({ secure: 'auto' })
  const secure = choose({}, () => true)
  const plain = choose({}, () => false)

  it('has the prefix on https, and the same name without it on plain http', () => {
    expect(secure.issue('abc', undefined)).toBe('__Host-sid=abc; Path=/; HttpOnly; Secure; SameSite=Lax')
    expect(plain.issue('abc', undefined)).toBe('sid=abc; Path=/; HttpOnly; SameSite=Lax')
    const named = chooseCookie({ secure: 'auto', name: '__Secure-shop', domain: 'shop.example' })
    expect(named({}, () => true).name).toBe('__Secure-shop')
    expect(named({}, () => false).name).toBe('shop')
  })

  it('https does not accept the plain name, nor plain http the prefixed one', () => {
    expect(secure.read('sid=planted')).toEqual([])
    expect(plain.read('__Host-sid=abc')).toEqual([])
  })

  it('asks only then whether a request came by https', () => {
    const never = () => {
      throw new Error('asked')
    }
    expect(chooseCookie({ secure: true })({}, never).name).toBe('__Host-sid')
    expect(chooseCookie({ secure: false })({}, never).name).toBe('sid')
    expect(() => choose({}, never)).toThrow('asked')
  })
})

it('what was said of one session goes before what is said of all', () => {
  const persistent = createSessionCookie({ persistent: true })
  const passing = createSessionCookie()
  const end = Date.now() + day + 500
  expect(persistent.issue('abc', end, false)).not.toContain('Max-Age')
  expect(passing.issue('abc', end, true)).toContain('; Max-Age=86400;')
  expect(persistent.issue('abc', end, undefined)).toContain('; Max-Age=86400;')
  expect(passing.issue('abc', end, undefined)).not.toContain('Max-Age')
})

describe('options that browsers would refuse are a TypeError at creation', () => {
  const refused: [string, SessionCookieOptions, RegExp][] = [
    ['__Host- without secure', { name: '__Host-sid', secure: false }, /needs secure: true/],
    ['__host- in other letters without secure', { name: '__hOST-sid', secure: false }, /needs secure: true/],
    ['__Host- with a domain', { domain: 'shop.example' }, /takes no domain/],
    ['__Host- with a path', { path: '/app' }, /needs path: '\/'/],
    ['__Secure- without secure', { name: '__Secure-sid', secure: false }, /needs secure: true/],
    ['SameSite=None without secure', { sameSite: 'none', secure: false }, /'none' needs secure/],
    ['Partitioned without secure', { partitioned: true, secure: false }, /partitioned needs secure/],
    ["'auto' with a name that is the same on plain http", { secure: 'auto', name: 'sid' }, /'auto' needs a name/],
    ["'auto' with nothing but a prefix", { secure: 'auto', name: '__Host-' }, /no name left/],
    ["'auto' with SameSite=None", { secure: 'auto', sameSite: 'none' }, /need secure: true/],
    ["'auto' with Partitioned", { secure: 'auto', partitioned: true }, /need secure: true/],
    ["'auto' with __Host- and a domain", { secure: 'auto', domain: 'shop.example' }, /takes no domain/],
    ['an empty name', { name: '' }, /name cannot be ""/],
    ['a name with a space', { name: 'my sid' }, /name cannot be/],
    ['a name with an equals sign', { name: 'a=b' }, /name cannot be/],
    ['a name with a line break', { name: 'a\r\nb' }, /name cannot be/],
    ['a name that is not ASCII', { name: 'sído' }, /name cannot be/],
    ['a relative path', { name: 's', path: 'app' }, /path cannot be "app"/],
    ['a path with a semicolon', { name: 's', path: '/a;b' }, /path cannot be/],
    ['a path with a line break', { name: 's', path: '/a\nb' }, /path cannot be/],
    ['a domain with a port', { name: 's', domain: 'shop.example:80' }, /domain cannot be/],
    ['a domain with a leading dot', { name: 's', domain: '.shop.example' }, /domain cannot be/],
    ['an empty domain', { name: 's', domain: '' }, /domain cannot be/],
    ['an unknown option', { samesite: 'lax' } as SessionCookieOptions, /no cookie option "samesite"/],
    ['an option of Object', { toString: true } as unknown as SessionCookieOptions, /no cookie option "toString"/],
    ['a wrong sameSite', { sameSite: 'Lax' as 'lax' }, /sameSite cannot be "Lax"/],
    ['a text where a boolean belongs', { secure: 'no' as unknown as boolean }, /secure cannot be "no"/],
  ]
  it.each(refused)('%s', (_, options, message) => {
    expect(() => createSessionCookie(options)).toThrow(message)
    expect(() => createSessionCookie(options)).toThrow(TypeError)
  })

  it('takes an option that is undefined for one that is not given', () => {
    expect(createSessionCookie({ name: undefined, secure: undefined, domain: undefined }).name).toBe('__Host-sid')
  })
})
