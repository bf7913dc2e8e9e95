import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessionStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createShop, type Visit } from '../src/app.ts'
import { products } from '../src/catalogue.ts'
import { html, textOf } from '../src/html.ts'
import { createVisitor } from './visitor.ts'

async function openShop({ secure = false } = {}) {
  const memory = createMemoryStore()
  const calls: string[] = []
  const store = createFaultyStore(memory, { onCall: (verb) => calls.push(verb) })
  const sessions = createSessionStore<Visit>(store, { secrets: 'a secret of the tests, long enough for anyone' })
  const reports: unknown[] = []
  const server: Server = createShop(sessions, { secure, report: (error) => reports.push(error) }).listen(0, '127.0.0.1')
  await new Promise<void>((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  /** Of the whole storage, or of one verb. */
  const fail = (verb: '*' | 'set') => store.fail(verb, { times: Number.POSITIVE_INFINITY })
  const keys = async () => {
    let count = 0
    for await (const batch of memory.scan('')) count += batch.length
    return count
  }
  return { origin, visitor: createVisitor(origin), reports, fail, recover: () => store.recover(), keys, calls }
}

describe('a visit', () => {
  it('browses as nobody, fills a cart, logs in, keeps the cart, and logs out', async () => {
    const { visitor, keys } = await openShop()
    for (const { name } of products) expect((await visitor.get('/')).text).toContain(name)
    expect((await visitor.get('/products/vase')).text).toContain('seven stems')
    expect([visitor.cookies.size, await keys()]).toEqual([0, 0])

    const first = await visitor.post('/cart', { product: 'vase', quantity: '2' })
    expect([first.path, first.text]).toEqual([
      '/cart?added=vase',
      expect.stringContaining('Meadow vase is in your cart.'),
    ])
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const nobody = visitor.cookies.get('sid')
    expect((await visitor.get('/cart')).text).toContain('€114.00')

    const inside = await visitor.post('/login', { name: ' Asa', password: 'blåsippa' })
    expect(inside.text).toContain('Hello, Åsa')
    expect([inside.path, inside.text]).toEqual(['/cart', expect.stringContaining('€114.00')])
    expect(visitor.cookies.get('sid')).not.toBe(nobody)
    expect(await keys()).toBe(1)

    const outside = await visitor.post('/logout')
    expect([outside.path, outside.text]).toEqual(['/', expect.stringContaining('Log in')])
    expect([visitor.cookies.size, await keys()]).toEqual([0, 0])
    expect((await visitor.get('/cart')).text).toContain('Your cart is empty')
  })

  it('costs no command without a session, one to look, two to change, and one to log out', async () => {
    const { origin, visitor, calls } = await openShop()
    await visitor.get('/')
    await visitor.get('/products/mug')
    expect(calls.splice(0)).toEqual([])
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    calls.length = 0
    await visitor.get('/products/mug')
    expect(calls.splice(0)).toEqual(['get'])
    const send = (path: string, body: string) =>
      fetch(origin + path, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: `sid=${visitor.cookies.get('sid')}`, 'content-type': 'application/x-www-form-urlencoded' },
        body,
      })
    await send('/cart/mug', 'quantity=2')
    expect(calls.splice(0)).toEqual(['get', 'compareAndSet'])
    await send('/logout', '')
    expect(calls.splice(0)).toEqual(['take'])
  })

  it('gives who knew the id before the login nothing of what came after', async () => {
    const { origin, visitor } = await openShop()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const thief = createVisitor(origin)
    for (const [name, value] of visitor.cookies) thief.cookies.set(name, value)
    await visitor.post('/login', { name: 'omar', password: 'copper-kettle' })
    const page = await thief.get('/cart')
    expect(page.text).toContain('Log in')
    expect(page.text).toContain('Your cart is empty')
  })

  it('does not log in the old id where the new one could not be stored', async () => {
    const { visitor, fail, recover } = await openShop()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    fail('set')
    expect((await visitor.post('/login', { name: 'asa', password: 'blåsippa' })).status).toBe(503)
    recover()
    const page = await visitor.get('/cart')
    expect(page.text).toContain('€24.00')
    expect(page.text).not.toContain('Hello')
  })

  it('changes quantities and takes things out', async () => {
    const { visitor } = await openShop()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    await visitor.post('/cart', { product: 'mug', quantity: '98' })
    expect((await visitor.post('/cart', { product: 'mug', quantity: '50' })).html).toContain('value="99"')
    expect((await visitor.post('/cart/mug', { quantity: '3' })).text).toContain('€72.00')
    await visitor.post('/cart', { product: 'tile', quantity: '1' })
    expect((await visitor.post('/cart/mug/remove')).text).toContain('€16.00')
    expect((await visitor.post('/cart/tile/remove')).text).toContain('Your cart is empty')
  })

  it('loses nothing when two windows change one cart at once', async () => {
    const { origin, visitor } = await openShop()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const windows = Array.from({ length: 20 }, () => {
      const window = createVisitor(origin)
      window.cookies.set('sid', visitor.cookies.get('sid') as string)
      return window
    })
    await Promise.all(
      windows.map((window, i) => window.post('/cart', { product: products[i % 12]?.id as string, quantity: '1' })),
    )
    expect((await visitor.get('/cart')).text).toContain('Cart (21 items )')
  })

  it('does not bring back a line that another window has removed', async () => {
    const { visitor } = await openShop()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    await visitor.post('/cart/mug/remove')
    expect((await visitor.post('/cart/mug', { quantity: '5' })).text).toContain('Your cart is empty')
  })
})

describe('what cannot be', () => {
  it.each(['0', '-1', '1.5', '100', 'two', '', '1e1'])(
    'a quantity of %j is an error beside the field',
    async (quantity) => {
      const { visitor } = await openShop()
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
    const { visitor } = await openShop()
    for (const [name, password] of [
      ['asa', 'wrong'],
      ['nobody', 'no one has this'],
      ['', ''],
      ['asa', 'BLÅSIPPA'],
    ] as const) {
      const page = await visitor.post('/login', { name, password })
      expect([page.status, page.text]).toEqual([
        422,
        expect.stringContaining('There is no visitor with this name and password'),
      ])
      expect(page.html).toContain(`value="${name}" aria-invalid="true" aria-describedby="login-error"`)
    }
    expect(visitor.cookies.size).toBe(0)
  })

  it('a password is the same however the keyboard sends its letters', async () => {
    const { visitor } = await openShop()
    const password = 'blåsippa'.normalize('NFD')
    expect(password).not.toBe('blåsippa')
    expect((await visitor.post('/login', { name: 'asa', password })).text).toContain('Hello, Åsa')
  })

  it('markup in what was typed is text', async () => {
    const { visitor } = await openShop()
    const name = `"><script>alert('1')</script>&`
    const page = await visitor.post('/login', { name, password: 'x' })
    expect(page.html).not.toContain('<script')
    expect(page.html).toContain('value="&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;"')
    expect(textOf(html`<p>${[html`<b>${'<'}</b>`, '>', undefined, 3]}</p>`)).toBe('<p><b>&#60;</b>&#62;3</p>')
  })

  it("unknown pages and products are 404 with the visitor's own head", async () => {
    const { visitor } = await openShop()
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

  it("a form that is too large, or no form, is the visitor's mistake and not reported", async () => {
    const { visitor, origin, reports } = await openShop()
    expect((await visitor.post('/login', { name: 'x'.repeat(20_000) })).status).toBe(413)
    const broken = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=klingon' },
      body: 'a',
    }
    expect((await fetch(`${origin}/login`, broken)).status).toBe(415)
    expect((await fetch(`${origin}/products/%E0%A4%A`)).status).toBe(400)
    expect(reports).toEqual([])
  })
})

describe('without its storage', () => {
  it('says so with 503 to those who have a session, serves those who have none, and goes on when it is back', async () => {
    const { visitor, fail, recover, reports, origin } = await openShop()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    fail('*')
    const page = await visitor.get('/cart')
    expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
    expect(page.text).toContain('try again in a moment')
    expect((await createVisitor(origin).get('/')).status).toBe(200)
    const first = await createVisitor(origin).post('/cart', { product: 'mug', quantity: '1' })
    expect([first.status, reports.length]).toEqual([503, 2])
    recover()
    expect((await visitor.get('/cart')).text).toContain('€24.00')
  })
})

describe('every page', () => {
  it('has a language, a title, one heading of the first level, landmarks, a skip link and labels', async () => {
    const { visitor } = await openShop()
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    for (const path of ['/', '/products/mug', '/cart', '/login', '/nowhere']) {
      const { html: page } = await visitor.get(path)
      expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
      expect(page).toMatch(/<title>.+ – Kiln &amp; Kettle<\/title>/)
      expect(page.match(/<h1>/g)).toHaveLength(1)
      for (const landmark of ['<header>', '<nav aria-label=', '<main id="main"', '<footer>', 'href="#main"'])
        expect(page).toContain(landmark)
      for (const [, id] of page.matchAll(/<input (?![^>]*type="hidden")[^>]*?id="([^"]+)"/g))
        expect(page).toContain(`for="${id}"`)
    }
  })

  it('is held to https where visitors come by https', async () => {
    const { origin } = await openShop({ secure: true })
    const form = {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ product: 'mug', quantity: '1' }),
    } as const
    const [cookie] = (await fetch(`${origin}/cart`, form)).headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  })
})
