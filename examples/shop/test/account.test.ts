import { describe, expect, it } from 'vitest'
import { frontNames } from '../src/settings.ts'
import { createUsers, type Users } from '../src/users.ts'
import { createStorage, listen, openShop } from './shop-server.ts'
import { createVisitor } from './visitor.ts'

const minute = 60_000
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1'

describe.each(frontNames)('on %s: a user', (front) => {
  it('sees the devices, logs one out, and all others', async () => {
    const { origin, pass } = await openShop(front)
    const laptop = createVisitor(origin, { 'user-agent': firefox })
    const phone = createVisitor(origin, { 'user-agent': safari })
    const tablet = createVisitor(origin, { 'user-agent': 'Mozilla/5.0 (Linux; Android 16) Chrome/150.0 Safari/537.36' })
    await phone.logIn()
    await tablet.logIn()
    pass(3 * minute)
    await laptop.logIn()
    const page = await laptop.get('/account')
    expect(page.text).toContain('Where you are logged in')
    expect(page.text).toContain('Firefox on Linux This device Active now Logged in just now from 127.0.0.1')
    expect(page.text).toContain('Safari on an iPhone Last seen 3 minutes ago Logged in 3 minutes ago from 127.0.0.1')
    const ofPhone = /devices\/([^/"]+)\/end(?:(?!devices).)*Safari on an iPhone<\/span>/s.exec(page.html)?.[1]
    const without = await laptop.post(`/account/devices/${ofPhone}/end`)
    expect(without.text).toContain('Logged out: Safari on an iPhone.')
    expect(without.text).toContain('Chrome on Android')
    expect((await phone.get('/cart')).text).toContain('You were logged out here')
    const alone = await laptop.post('/account/others/end')
    expect(alone.text).toContain('You are logged out everywhere else.')
    expect(alone.text).not.toContain('Android')
    const told = await tablet.get('/cart')
    expect(told.text).toContain('You were logged out here')
    expect(told.text).not.toContain('Åsa')
    // Once is enough.
    expect((await tablet.get('/cart')).text).not.toContain('You were logged out')
  })

  it('logs this device out by the list, too', async () => {
    const { visitor } = await openShop(front)
    await visitor.logIn()
    const page = await visitor.get('/account')
    const handle = /devices\/([^/"]+)\/end/.exec(page.html)?.[1]
    expect((await visitor.post(`/account/devices/${handle}/end`)).path).toBe('/goodbye')
    expect((await visitor.get('/account')).path).toBe('/login?next=/account')
  })

  it('is asked for the password again after five minutes', async () => {
    const { origin, visitor, pass } = await openShop(front)
    expect((await visitor.get('/account')).path).toBe('/login?next=/account')
    const page = await visitor.post('/login', { name: 'asa', password: 'blåsippa', next: '/account' })
    expect([page.path, page.text]).toEqual(['/account', expect.stringContaining('Where you are logged in')])
    // Never to another site.
    await visitor.post('/logout')
    await visitor.get('/login')
    expect(
      (await visitor.post('/login', { name: 'asa', password: 'blåsippa', next: '//elsewhere.example' })).path,
    ).toBe('/')
    pass(5 * minute - 1)
    expect((await visitor.get('/account')).text).toContain('Where you are logged in')
    pass(1)
    const asked = await visitor.get('/account')
    expect(asked.text).toContain('Is it you?')
    expect(asked.text).not.toContain('This device')
    // What the page would have offered is closed as well.
    const other = createVisitor(origin)
    await other.logIn()
    expect((await visitor.post('/account/others/end')).text).toContain('Is it you?')
    const next = await visitor.post('/account/password', { current: 'blåsippa', next: 'four new pots' })
    expect(next.text).toContain('Is it you?')
    expect((await other.get('/cart')).text).toContain('Åsa')
    const wrong = await visitor.post('/account/confirm', { password: 'copper-kettle' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('That is not your password.')])
    const before = visitor.cookies.get('sid')
    expect((await visitor.post('/account/confirm', { password: 'blåsippa' })).text).toContain('Where you are logged in')
    expect(visitor.cookies.get('sid')).not.toBe(before)
  })

  it('changes the password, which ends all other sessions and the old password', async () => {
    const { origin, visitor } = await openShop(front)
    const other = createVisitor(origin)
    await other.logIn()
    await visitor.logIn()
    await visitor.get('/account')
    const wrong = await visitor.post('/account/password', { current: 'x', next: 'four new pots' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('The present password is not right.')])
    const short = await visitor.post('/account/password', { current: 'blåsippa', next: 'short' })
    expect([short.status, short.text]).toEqual([422, expect.stringContaining('at least 8 characters')])
    const page = await visitor.post('/account/password', { current: 'blåsippa', next: 'four new pots' })
    expect([page.path, page.text]).toEqual(['/account', expect.stringContaining('Your password is changed')])
    expect((await other.get('/account')).text).toContain('You were logged out here')
    expect((await other.logIn()).status).toBe(422)
    expect((await other.logIn('asa', 'four new pots')).text).toContain('Welcome, Åsa.')
  })

  it('is remembered for a year if so asked, else until the browser closes', async () => {
    const { origin, visitor, pass } = await openShop(front)
    const logIn = async (more: Record<string, string>) => {
      await visitor.get('/login')
      const body = new URLSearchParams({ _csrf: visitor.token as string, name: 'asa', password: 'blåsippa', ...more })
      const headers = { cookie: `sid=${visitor.cookies.get('sid')}` }
      const answer = await fetch(`${origin}/login`, { method: 'POST', redirect: 'manual', headers, body })
      const [line = ''] = answer.headers.getSetCookie()
      visitor.cookies.set('sid', /^sid=([^;]*)/.exec(line)?.[1] as string)
      return line
    }
    expect(await logIn({})).not.toContain('Max-Age')
    pass(2 * 60 * minute)
    expect((await visitor.get('/cart')).text).toContain('You were away for a while')
    expect(await logIn({ remember: 'yes' })).toMatch(/; Max-Age=\d{8};/)
    pass(30 * 24 * 60 * minute)
    expect((await visitor.get('/cart')).text).toContain('Log out')
    pass(31 * 24 * 60 * minute)
    expect((await visitor.get('/cart')).text).toContain('You were away for a while')
  })

  it('who was away is told so on whatever page comes next, once', async () => {
    const { visitor, pass, origin } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    pass(121 * minute)
    // Nobody reads the answer to this one.
    const headers = { cookie: `sid=${visitor.cookies.get('sid')}` }
    expect((await fetch(origin, { method: 'HEAD', headers })).headers.getSetCookie()).toEqual([])
    expect((await visitor.get('/products/mug')).text).toContain('You were away for a while.')
    for (const path of ['/', '/cart', '/login'])
      expect((await visitor.get(path)).text).not.toContain('You were away for a while.')
  })

  it('a page that comes late beside a new id puts no cookie over it', async () => {
    const { origin, visitor, pass } = await openShop(front)
    await visitor.logIn()
    pass(5 * minute)
    await visitor.get('/account')
    const late = createVisitor(origin)
    late.cookies.set('sid', visitor.cookies.get('sid') as string)
    const before = [...late.cookies]
    await visitor.post('/account/confirm', { password: 'blåsippa' })
    expect((await late.get('/login')).text).not.toContain('You were away')
    expect([...late.cookies]).toEqual(before)
  })

  it('takes the chosen colours along through a login and a logout, and nothing else', async () => {
    const { visitor } = await openShop(front)
    expect((await visitor.get('/')).html).toContain('<html lang="en">')
    const dark = await visitor.post('/theme', { theme: 'dark', back: '/products/mug' })
    expect([dark.path, dark.html]).toEqual([
      '/products/mug',
      expect.stringContaining('<html lang="en" data-theme="dark">'),
    ])
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    expect((await visitor.logIn()).html).toContain('data-theme="dark"')
    expect((await visitor.post('/logout')).html).toContain('data-theme="dark"')
    expect((await visitor.get('/cart')).text).toContain('Your cart is empty')
    expect((await visitor.post('/theme', { theme: 'system', back: '//elsewhere.example' })).path).toBe('/')
  })
})

it.each(frontNames)('on %s a login with a password that is changed at this moment lets nobody in', async (front) => {
  const storage = createStorage()
  const users = createUsers(storage.store)
  const visitor = createVisitor(await listen(front, storage))
  await visitor.logIn()
  await visitor.get('/account')
  let tellChecked = () => {}
  let tellChanged = () => {}
  const checked = new Promise<void>((resolve) => (tellChecked = resolve))
  const changed = new Promise<void>((resolve) => (tellChanged = resolve))
  const slow: Users = {
    ...users,
    check: async (id, password) => {
      const proof = await users.check(id, password)
      tellChecked()
      await changed
      return proof
    },
  }
  const thief = createVisitor(await listen(front, storage, { users: slow }))
  const slipping = thief.logIn()
  await checked
  await visitor.post('/account/password', { current: 'blåsippa', next: 'four new pots' })
  tellChanged()
  expect((await slipping).status).toBe(422)
  expect((await thief.get('/')).text).not.toContain('Åsa')
  expect((await visitor.get('/account')).text).toContain('You are logged in nowhere else.')
})
