import { describe, expect, it } from 'vitest'
import { products } from '../src/catalogue.ts'
import { frontNames } from '../src/settings.ts'
import { createStorage, listen, openShop } from './shop-server.ts'
import { createVisitor } from './visitor.ts'

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
    const { origin, visitor, hold } = await openShop(front)
    await visitor.post('/cart', { product: 'mug', quantity: '1' })
    const windows = [0, 1].map(() => {
      const window = createVisitor(origin)
      window.cookies.set('sid', visitor.cookies.get('sid') as string)
      window.token = visitor.token
      return window
    })
    // Both have seen the cart with one mug in it before either of them changes it.
    const reads = hold('get', { at: 'after', times: 2 })
    const adding = windows.map((window) => window.post('/cart', { product: 'mug', quantity: '1' }))
    while (reads.count < 2) await new Promise((resolve) => setImmediate(resolve))
    reads.release()
    await Promise.all(adding)
    expect((await visitor.get('/cart')).text).toContain('Cart (3 items )')
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
    // Nobody reads the answer to this one.
    expect((await fetch(`${origin}/cart`, { method: 'HEAD', headers })).status).toBe(200)
    const windows = await Promise.all(
      Array.from({ length: 8 }, async () => (await fetch(`${origin}/cart`, { headers })).text()),
    )
    expect(windows.filter((page) => page.includes('Breakfast bowl is in your cart.'))).toHaveLength(1)
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
