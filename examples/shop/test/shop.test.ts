import { describe, expect, it } from 'vitest'
import { products } from '../src/catalogue.ts'
import { html, textOf } from '../src/html.ts'
import { frontNames } from '../src/settings.ts'
import { createStorage, listen, openShop } from './shop-server.ts'
import { createVisitor } from './visitor.ts'

const minute = 60_000
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1'

describe.each(frontNames)('on %s: a visit', (front) => {
  it('browses as nobody, fills a cart, logs in, keeps the cart, and logs out', async () => {
    const { visitor, keys } = await openShop(front)
    const home = await visitor.get('/')
    for (const { name } of products) expect(home.text).toContain(name)
    expect((await visitor.get('/products/vase')).text).toContain('seven stems')
    expect([visitor.cookies.size, await keys()]).toEqual([0, []])

    const first = await visitor.post('/cart', { product: 'vase', quantity: '2' })
    expect([first.path, first.text]).toEqual(['/cart', expect.stringContaining('Meadow vase is in your cart.')])
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const nobody = visitor.cookies.get('sid')
    expect((await visitor.get('/cart')).text).toContain('€114.00')

    const inside = await visitor.logIn(' Asa')
    expect([inside.path, inside.text]).toEqual(['/cart', expect.stringContaining('€114.00')])
    expect(inside.text).toContain('Welcome, Åsa.')
    expect(visitor.cookies.get('sid')).not.toBe(nobody)
    expect((await visitor.get('/')).text).not.toContain('Welcome')

    const outside = await visitor.post('/logout')
    expect([outside.path, outside.text]).toEqual(['/goodbye', expect.stringContaining('You are logged out')])
    expect(visitor.cookies.size).toBe(0)
    expect((await visitor.get('/cart')).text).toContain('Your cart is empty')
  })

  it('costs no command without a session, one to look, two to change', async () => {
    const { visitor, calls } = await openShop(front)
    await visitor.get('/')
    await visitor.get('/products/mug')
    expect(calls.splice(0)).toEqual([])
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    calls.length = 0
    await visitor.get('/products/mug')
    expect(calls.splice(0)).toEqual(['get'])
    await visitor.post('/cart/mug', { quantity: '2' })
    expect(calls.splice(0)).toEqual(['get', 'compareAndSet', 'get'])
  })

  it('gives who knew the id before the login nothing of what came after', async () => {
    const { origin, visitor } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const thief = createVisitor(origin)
    for (const [name, value] of visitor.cookies) thief.cookies.set(name, value)
    await visitor.logIn('omar', 'copper-kettle')
    const page = await thief.get('/cart')
    expect(page.text).toContain('Log in')
    expect(page.text).toContain('Your cart is empty')
  })

  it('does not log in the old id where the new one could not be stored', async () => {
    const { visitor, fail, recover } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    await visitor.get('/login')
    fail('compareAndSet')
    fail('set')
    expect((await visitor.post('/login', { name: 'asa', password: 'blåsippa' })).status).toBe(503)
    recover()
    const page = await visitor.get('/cart')
    expect(page.text).toContain('€24.00')
    expect(page.text).not.toContain('Log out')
  })

  it('changes quantities and takes things out', async () => {
    const { visitor } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    await visitor.post('/cart', { product: 'mug', quantity: '98' })
    expect((await visitor.post('/cart', { product: 'mug', quantity: '50' })).html).toContain('value="99"')
    expect((await visitor.post('/cart/mug', { quantity: '3' })).text).toContain('€72.00')
    await visitor.post('/cart', { product: 'tile', quantity: '1' })
    const without = await visitor.post('/cart/mug/remove')
    expect(without.text).toContain('€16.00')
    expect(without.text).toContain('Morning mug is back on the shelf.')
    await visitor.get('/cart')
    expect((await visitor.post('/cart/tile/remove')).text).toContain('Your cart is empty')
  })

  it('loses nothing when two windows change one cart at once', async () => {
    const { origin, visitor } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const windows = Array.from({ length: 20 }, () => {
      const window = createVisitor(origin)
      window.cookies.set('sid', visitor.cookies.get('sid') as string)
      window.token = visitor.token
      return window
    })
    await Promise.all(
      windows.map((window, i) => window.post('/cart', { product: products[i % 12]?.id as string, quantity: '1' })),
    )
    expect((await visitor.get('/cart')).text).toContain('Cart (21 items )')
  })

  it('does not bring back a line that another window has removed', async () => {
    const { visitor } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const { token } = visitor
    await visitor.post('/cart/mug/remove')
    visitor.token = token
    expect((await visitor.post('/cart/mug', { quantity: '5' })).text).toContain('Your cart is empty')
  })

  it('says a message once, whatever the windows do', async () => {
    const { origin, visitor } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const { token } = visitor
    const body = new URLSearchParams({ _csrf: token as string, product: 'bowl', quantity: '1' })
    const headers = { cookie: `sid=${visitor.cookies.get('sid')}` }
    await fetch(`${origin}/cart`, { method: 'POST', redirect: 'manual', headers, body })
    const windows = await Promise.all(
      Array.from({ length: 8 }, async () => (await fetch(`${origin}/cart`, { headers })).text()),
    )
    expect(windows.filter((page) => page.includes('Breakfast bowl is in your cart.'))).toHaveLength(1)
  })
})

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
    const { visitor, pass } = await openShop(front)
    expect((await visitor.get('/account')).path).toBe('/login?next=/account')
    const page = await visitor.post('/login', { name: 'asa', password: 'blåsippa', next: '/account' })
    expect([page.path, page.text]).toEqual(['/account', expect.stringContaining('Where you are logged in')])
    pass(5 * minute - 1)
    expect((await visitor.get('/account')).text).toContain('Where you are logged in')
    pass(1)
    const asked = await visitor.get('/account')
    expect(asked.text).toContain('Is it you?')
    expect(asked.text).not.toContain('This device')
    // What the page would have offered is closed as well.
    expect((await visitor.post('/account/others/end')).text).toContain('Is it you?')
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

  it('who was away is told so where it matters, and a page that was only looked at begins no new session', async () => {
    const { visitor, pass } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const old = visitor.cookies.get('sid')
    pass(121 * minute)
    expect((await visitor.get('/')).text).not.toContain('You were away')
    for (const _ of [1, 2]) expect((await visitor.get('/cart')).text).toContain('You were away for a while.')
    expect(visitor.cookies.get('sid')).toBe(old)
    expect((await visitor.get('/login')).text).toContain('You were away for a while.')
    expect((await visitor.get('/cart')).text).not.toContain('You were away')
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

describe.each(frontNames)('on %s: a form', (front) => {
  it('without the token of the visitor changes nothing', async () => {
    const { origin, visitor } = await openShop(front)
    await visitor.logIn()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const stranger = createVisitor(origin)
    await stranger.get('/login')
    for (const token of [undefined, '', 'x', stranger.token])
      for (const [path, form] of [
        ['/cart', { product: 'bowl', quantity: '1' }],
        ['/cart/mug', { quantity: '7' }],
        ['/cart/mug/remove', {}],
        ['/theme', { theme: 'dark' }],
        ['/login', { name: 'omar', password: 'copper-kettle' }],
        ['/logout', {}],
        ['/account/others/end', {}],
        ['/account/password', { current: 'blåsippa', next: 'four new pots' }],
      ] as const) {
        visitor.token = token
        const page = await visitor.post(path, form)
        expect([path, page.status, page.text]).toEqual([path, 403, expect.stringContaining('Please do that once more')])
      }
    const page = await visitor.get('/cart')
    expect(page.text).toContain('Cart (1 items )')
    expect(page.text).toContain('Åsa')
  })

  it('of another site is refused, whatever it holds, and takes no session from the visitor', async () => {
    const { origin, visitor } = await openShop(front)
    await visitor.logIn()
    const body = () => new URLSearchParams({ _csrf: visitor.token as string, product: 'mug', quantity: '1' })
    for (const headers of [{ origin: 'http://127.0.0.1:1' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])
      for (const cookie of [`sid=${visitor.cookies.get('sid')}`, '']) {
        const answer = await fetch(`${origin}/cart`, { method: 'POST', headers: { ...headers, cookie }, body: body() })
        expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
        expect(await answer.text()).not.toContain('Morning mug')
      }
  })

  it('from a page older than the visit is offered once more, with what it lacked', async () => {
    const { visitor } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    visitor.token = undefined
    const page = await visitor.post('/cart', { product: 'vase', quantity: '2' })
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('Put 2 × Meadow vase in the cart')])
    expect((await visitor.post('/cart', { product: 'vase', quantity: '2' })).text).toContain('Cart (3 items )')
  })

  it('of a session that has ended is told why', async () => {
    const { visitor, pass } = await openShop(front)
    await visitor.logIn()
    pass(3 * 60 * minute)
    const page = await visitor.post('/logout')
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('You were away for a while')])
    await visitor.logIn()
    await visitor.get('/')
    pass(3 * 60 * minute)
    // A cart may begin without a token, so this one does, and the reason comes with the next page.
    const added = await visitor.post('/cart', { product: 'mug', quantity: '1' })
    expect(added.text).toContain('You were away for a while')
    expect(added.text).toContain('Morning mug is in your cart.')
  })

  it("that is too large, or no form, is the visitor's mistake and not reported", async () => {
    const { visitor, origin, reports } = await openShop(front)
    expect((await visitor.logIn('x'.repeat(20_000))).status).toBe(413)
    const broken = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=klingon' },
      body: 'a',
    }
    expect((await fetch(`${origin}/cart`, broken)).status).toBe(415)
    const nowhere = await fetch(`${origin}/products/%E0%A4%A`)
    expect([400, 404]).toContain(nowhere.status)
    expect(await nowhere.text()).toContain('Kiln &amp; Kettle')
    expect(reports).toEqual([])
  })
})

describe.each(frontNames)('on %s: what cannot be', (front) => {
  it.each(['0', '-1', '1.5', '100', 'two', '', '1e1'])(
    'a quantity of %j is an error beside the field',
    async (quantity) => {
      const { visitor } = await openShop(front)
      const page = await visitor.post('/cart', { product: 'mug', quantity })
      expect([page.status, page.text]).toEqual([422, expect.stringContaining('from 1 to 99')])
      expect(page.html).toContain('aria-describedby="quantity-error"')
      await visitor.post('/cart', { product: 'mug', quantity: '2' })
      const cart = await visitor.post('/cart/mug', { quantity })
      expect([cart.status, cart.text]).toEqual([422, expect.stringContaining('from 1 to 99')])
      expect(cart.html).toContain('aria-describedby="error-mug"')
      expect((await visitor.get('/cart')).text).toContain('€48.00')
    },
  )

  it('a wrong password and an unknown name get the same answer, and the name stays in the form', async () => {
    const { visitor } = await openShop(front)
    for (const [name, password] of [
      ['asa', 'wrong'],
      ['nobody', 'no one has this'],
      ['', ''],
      ['asa', 'BLÅSIPPA'],
    ] as const) {
      const page = await visitor.logIn(name, password, { remember: 'yes' })
      expect([page.status, page.text]).toEqual([
        422,
        expect.stringContaining('There is no visitor with this name and password'),
      ])
      expect(page.html).toContain(`value="${name}" aria-invalid="true" aria-describedby="login-error"`)
      expect(page.html).toContain('value="yes" checked')
    }
  })

  it('a password is the same however the keyboard sends its letters', async () => {
    const { visitor } = await openShop(front)
    const password = 'blåsippa'.normalize('NFD')
    expect(password).not.toBe('blåsippa')
    expect((await visitor.logIn('asa', password)).text).toContain('Welcome, Åsa.')
  })

  it('markup in what was typed is text', async () => {
    const { visitor } = await openShop(front)
    const name = `"><script>alert('1')</script>&`
    const page = await visitor.logIn(name, 'x')
    expect(page.html).not.toContain('<script')
    expect(page.html).toContain('value="&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;"')
    expect(textOf(html`<p>${[html`<b>${'<'}</b>`, '>', undefined, 3]}</p>`)).toBe('<p><b>&#60;</b>&#62;3</p>')
  })

  it("unknown pages and products are 404 with the visitor's own head", async () => {
    const { visitor } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    for (const page of [
      await visitor.get('/nowhere'),
      await visitor.get('/products/constructor'),
      await visitor.post('/cart', { product: 'yacht' }),
      await visitor.post('/cart/__proto__', { quantity: '1' }),
    ]) {
      expect([page.status, page.text]).toEqual([404, expect.stringContaining('There is no such page')])
      expect(page.text).toContain('Cart (1 items )')
    }
  })
})

describe.each(frontNames)('on %s: without its storage', (front) => {
  it('shows the pots to everyone, says 503 to what needs a session, and goes on when it is back', async () => {
    const { visitor, fail, recover, reports, origin } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    fail('*')
    const page = await visitor.get('/cart')
    expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
    expect(page.text).toContain('try again in a moment')
    for (const path of ['/', '/products/mug', '/?from=a-newsletter']) {
      const window = await visitor.get(path)
      expect([window.status, window.text]).toEqual([200, expect.stringContaining('We cannot reach carts and logins')])
      expect(window.headers.getSetCookie()).toEqual([])
    }
    expect((await createVisitor(origin).get('/')).text).not.toContain('We cannot reach')
    const first = await createVisitor(origin).post('/cart', { product: 'mug', quantity: '1' })
    expect([first.status, reports.length]).toEqual([503, 2])
    recover()
    expect((await visitor.get('/cart')).text).toContain('€24.00')
  })
})

describe.each(frontNames)('on %s: every page', (front) => {
  it('has a language, a title, one heading of the first level, landmarks, a skip link and labels', async () => {
    const { visitor } = await openShop(front)
    await visitor.logIn()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    for (const path of ['/', '/products/mug', '/cart', '/login', '/account', '/goodbye', '/nowhere']) {
      const { html: page, headers } = await visitor.get(path)
      expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
      expect(page).toMatch(/<title>.+ – Kiln &amp; Kettle<\/title>/)
      expect(page.match(/<h1>/g)).toHaveLength(1)
      for (const landmark of ['<header>', '<nav aria-label=', '<main id="main"', '<footer>', 'href="#main"'])
        expect(page).toContain(landmark)
      for (const [, id] of page.matchAll(/<input (?![^>]*(?:type="hidden"|aria-hidden="true"))[^>]*?id="([^"]+)"/g))
        expect(page).toContain(`for="${id}"`)
      const forms = page.match(/<form method="post"/g) ?? []
      expect(page.match(/name="_csrf" value="[^"]+"/g)).toHaveLength(forms.length)
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect([headers.get('content-type'), headers.get('cache-control')]).toEqual([
        expect.stringMatching(/^text\/html; charset=utf-8$/i),
        'private, no-store',
      ])
    }
    const { headers } = await visitor.get('/style.css')
    expect([headers.get('content-type'), headers.get('vary')]).toEqual(['text/css; charset=utf-8', null])
  })

  it('is held to https where visitors come by https, and sees their address behind the proxy', async () => {
    const { origin } = await openShop(front, { secure: true })
    const proxied = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7', 'x-forwarded-proto': 'https' }
    const visitor = createVisitor(origin, proxied)
    await visitor.get('/login')
    expect([...visitor.cookies.keys()]).toEqual(['__Host-sid'])
    await visitor.post('/login', { name: 'asa', password: 'blåsippa' })
    const page = await visitor.get('/account')
    expect(page.text).toContain('198.51.100.7')
    expect(page.text).not.toContain('203.0.113.9')
    const form = {
      method: 'POST',
      redirect: 'manual',
      headers: proxied,
      body: new URLSearchParams({ product: 'mug', quantity: '1' }),
    } as const
    const [cookie] = (await fetch(`${origin}/cart`, form)).headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  })
})

it('one visitor is the same on all three', async () => {
  const storage = createStorage()
  const [express, fastify, hono] = await Promise.all(frontNames.map((front) => listen(front, storage)))
  const at = (origin: string | undefined, like = first) => {
    const visitor = createVisitor(origin as string)
    for (const [name, value] of like.cookies) visitor.cookies.set(name, value)
    visitor.token = like.token
    return visitor
  }
  const first = createVisitor(express as string)
  await first.post('/cart', { product: 'mug', quantity: '1' })
  const second = at(fastify)
  expect((await second.post('/cart', { product: 'mug', quantity: '1' })).text).toContain('Cart (2 items )')
  const third = at(hono, second)
  expect((await third.logIn()).text).toContain('€48.00')
  expect((await at(express, third).get('/account')).text).toContain('Where you are logged in')
  expect((await at(fastify, third).post('/account/others/end')).text).toContain('everywhere else')
  expect((await at(hono, third).post('/logout')).path).toBe('/goodbye')
  expect((await at(express, third).get('/cart')).text).toContain('Your cart is empty')
})
