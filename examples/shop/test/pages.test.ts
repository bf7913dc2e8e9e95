import { describe, expect, it } from 'vitest'
import { html, textOf } from '../src/html.ts'
import { frontNames } from '../src/settings.ts'
import { openShop } from './shop-server.ts'
import { createVisitor } from './visitor.ts'

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

  it('says so in its own words where the page about a mistake cannot be stored', async () => {
    const { visitor, fail, reports, origin } = await openShop(front)
    await visitor.post('/theme', { theme: 'dark' })
    const headers = { cookie: `sid=${visitor.cookies.get('sid')}` }
    const body = new URLSearchParams({ _csrf: visitor.token as string, product: 'mug', quantity: '1' })
    await fetch(`${origin}/cart`, { method: 'POST', redirect: 'manual', headers, body })
    // The next page takes the message off the session.
    fail('compareAndSet')
    const page = await visitor.get('/nowhere')
    expect([page.status, page.headers.get('retry-after'), reports.length]).toEqual([503, '5', 1])
    expect(page.text).toContain('The shop is out of breath')
    expect(page.html).not.toContain('TransientError')
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
