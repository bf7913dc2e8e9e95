import { describe, expect, it } from 'vitest'
import { frontNames } from '../src/settings.ts'
import { openShop } from './shop-server.ts'
import { createVisitor } from './visitor.ts'

const minute = 60_000

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

  it('needs a token of visitors without a session, too, but for the cart and the colours', async () => {
    const { origin } = await openShop(front)
    const statusOf = async (path: string, form: Record<string, string>) =>
      (await createVisitor(origin).post(path, form)).status
    expect(await statusOf('/login', { name: 'asa', password: 'blåsippa' })).toBe(403)
    for (const path of ['/logout', '/cart/mug', '/cart/mug/remove', '/account/confirm', '/account/others/end'])
      expect([path, await statusOf(path, {})]).toEqual([path, 403])
    expect(await statusOf('/cart', { product: 'mug', quantity: '1' })).toBe(200)
    expect(await statusOf('/theme', { theme: 'dark' })).toBe(200)
  })

  it('of another site is refused, whatever it holds, and takes no session from the visitor', async () => {
    const { origin, visitor } = await openShop(front)
    await visitor.logIn()
    const body = () => new URLSearchParams({ _csrf: visitor.token as string, product: 'mug', quantity: '1' })
    for (const headers of [{ origin: 'http://127.0.0.1:1' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])
      for (const cookie of [`sid=${visitor.cookies.get('sid')}`, '']) {
        const answer = await fetch(`${origin}/cart`, { method: 'POST', headers: { ...headers, cookie }, body: body() })
        expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
        const text = await answer.text()
        expect(text).toContain('That came from another site')
        expect(text).not.toContain('Morning mug')
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
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('What you did last was not done.')])
    expect(page.html.match(/So your visit has ended/g)).toHaveLength(1)
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
    expect(nowhere.headers.get('content-security-policy')).toContain("default-src 'none'; style-src 'self'")
    expect(await nowhere.text()).toContain('Kiln &amp; Kettle')
    expect(reports).toEqual([])
  })
})
