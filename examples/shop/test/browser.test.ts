import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { frontNames } from '../src/settings.ts'
import { desk, phone, useChromium } from './browser/profiles.ts'
import { createStorage, listen } from './shop-server.ts'

// A page takes a blink; a machine that is busy with other tests takes its time.
const patience = 60_000
const profiles = useChromium()

const textOf = (page: Page) => page.locator('body').innerText()
const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click()
const follow = (page: Page, name: string | RegExp) => page.getByRole('link', { name }).first().click()

async function logIn(page: Page, origin: string, { isRemembered = false } = {}): Promise<void> {
  await page.goto(`${origin}/login`)
  await page.getByLabel('Name').fill('asa')
  await page.getByLabel('Password').fill('blåsippa')
  if (isRemembered) await page.getByLabel('Remember me').check()
  await press(page, 'Log in')
  await page.getByText('Welcome, Åsa.').waitFor()
}

describe.each(frontNames)('in a browser, on %s', { timeout: patience }, (front) => {
  it('a cart is kept by a login, and who is logged out from elsewhere is told why', async () => {
    const origin = await listen(front, createStorage())
    const laptop = await profiles.open(desk)
    const here = await laptop.tab()
    await here.goto(origin)
    expect(await laptop.cookie()).toBeUndefined()
    await press(here, 'Add Meadow vase to the cart')
    expect(await textOf(here)).toContain('Meadow vase is in your cart.')
    const nobody = await laptop.cookie()
    await logIn(here, origin)
    expect(here.url()).toBe(`${origin}/cart`)
    expect(await textOf(here)).toContain('€45.00')
    const somebody = await laptop.cookie()
    expect(somebody?.value).not.toBe(nobody?.value)

    const pocket = await profiles.open({ ...phone, userAgent: 'Mozilla/5.0 (iPhone) Version/19.0 Mobile Safari/604.1' })
    const there = await pocket.tab()
    await logIn(there, origin)

    await follow(here, 'Åsa')
    const devices = here.getByRole('listitem').filter({ has: here.getByRole('heading', { level: 3 }) })
    expect(await devices.count()).toBe(2)
    expect(await textOf(here)).toContain('Safari on an iPhone')
    await press(here, 'Log out everywhere else')
    await here.getByText('You are logged out everywhere else.').waitFor()
    expect(await devices.count()).toBe(1)

    await follow(there, 'Cart')
    expect(await textOf(there)).toContain('You were logged out here. It was done from another device')
    expect(await textOf(there)).not.toContain('Åsa')
    // Here nothing has changed.
    await follow(here, 'Cart')
    expect(await textOf(here)).toContain('€45.00')
    expect((await laptop.cookie())?.value).toBe(somebody?.value)
  })
})

describe('in a browser', { timeout: patience }, () => {
  it('a message is shown once, though two tabs load at the same moment', async () => {
    const origin = await listen('express', createStorage())
    const { context, tab } = await profiles.open()
    const [left, right] = await Promise.all([tab(), tab()])
    await left.goto(origin)
    await press(left, 'Add Meadow vase to the cart')
    for (let round = 0; round < 3; round++) {
      const token = await left.locator('[name=_csrf]').first().getAttribute('value')
      const form = { _csrf: token as string, product: 'bowl', quantity: '1' }
      await context.request.post(`${origin}/cart`, { form, maxRedirects: 0 })
      await Promise.all([left.goto(`${origin}/cart`), right.goto(`${origin}/cart`)])
      const shown = (await Promise.all([textOf(left), textOf(right)])).filter((text) =>
        text.includes('bowl is in your'),
      )
      expect(shown).toHaveLength(1)
    }
  })

  it('the back button shows no private page after the logout', async () => {
    const origin = await listen('express', createStorage())
    const { tab, cookie } = await profiles.open()
    const page = await tab()
    await page.goto(origin)
    await press(page, 'Add Meadow vase to the cart')
    await logIn(page, origin)
    await follow(page, 'Åsa')
    expect(await textOf(page)).toContain('Where you are logged in')
    await press(page, 'Log out')
    expect(await textOf(page)).toContain('You are logged out')
    expect(await cookie()).toBeUndefined()
    await page.goBack()
    expect(page.url()).toBe(`${origin}/login?next=/account`)
    expect(await textOf(page)).not.toContain('Where you are logged in')
    await page.goBack()
    expect(page.url()).toBe(`${origin}/cart`)
    expect(await textOf(page)).not.toContain('Meadow vase')
    expect(await textOf(page)).not.toContain('Åsa')
  })

  it.each(['127.0.0.1', 'localhost'])('a page of another origin, at %s, changes nothing', async (host) => {
    const origin = await listen('express', createStorage())
    const evil = await attackFrom(host)
    const { tab, cookie } = await profiles.open({ javaScriptEnabled: true })
    const page = await tab()
    await page.goto(origin)
    await press(page, 'Add Meadow vase to the cart')
    await logIn(page, origin)
    await page.goto(`${origin}/account`)
    const token = (await page.locator('[name=_csrf]').first().getAttribute('value')) as string
    const before = await cookie()
    // With a token, too, as if one had leaked.
    const attack = async (path: string, stolen: string) => {
      await page.goto(`${evil}/?${new URLSearchParams({ to: origin + path, token: stolen })}`)
      await Promise.all([page.waitForURL(origin + path), press(page, 'Win a teapot')])
      expect(await textOf(page)).toContain('That came from another site')
    }
    await attack('/logout', '')
    // With a token, too, as if one had leaked.
    for (const path of ['/logout', '/cart', '/account/others/end', '/account/password', '/login'])
      await attack(path, token)
    await shoot(page, `attack-${host}`)
    // By a script, with the cookies.
    await page.goto(evil)
    const answer = await page.evaluate(
      (to) => fetch(to, { method: 'POST', mode: 'no-cors', credentials: 'include' }).then(({ type }) => type),
      `${origin}/logout`,
    )
    expect(answer).toBe('opaque')
    await page.goto(`${origin}/cart`)
    expect(await textOf(page)).toContain('€45.00')
    expect(await textOf(page)).toContain('Åsa')
    expect((await cookie())?.value).toBe(before?.value)
  })

  it('the cookie outlives the browser if so asked, and no script sees it', async () => {
    const origin = await listen('express', createStorage())
    const { tab, cookie, context } = await profiles.open({ javaScriptEnabled: true })
    const page = await tab()
    await logIn(page, origin)
    expect((await cookie())?.expires).toBe(-1)
    expect(await page.evaluate('document.cookie')).toBe('')
    await context.clearCookies()
    await logIn(page, origin, { isRemembered: true })
    const days = ((await cookie())?.expires as number) / 86_400 - Date.now() / 86_400_000
    expect(Math.round(days)).toBe(365)
  })

  it.each([
    [1280, desk],
    [390, phone],
  ])('every page fits %d pixels, in both colours, and breaks no rule of its own', async (size, device) => {
    const storage = createStorage()
    const origin = await listen('express', storage)
    const { tab: open } = await profiles.open({ ...device, colorScheme: 'light' })
    const page = await open()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    const look = async (name: string, tab = page) => {
      const [scroll, width] = await tab.evaluate<number[]>(
        '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
      )
      expect([name, scroll]).toEqual([name, width])
      await shoot(tab, `${name}-${size}`)
    }
    await page.goto(origin)
    await look('home')
    await page.goto(`${origin}/products/teapot`)
    await look('product')
    await press(page, 'Add to cart')
    await look('cart-added')
    await page.goto(`${origin}/login`)
    await look('login')
    await logIn(page, origin)
    await look('cart-user')
    const other = await (await profiles.open({ ...device, colorScheme: 'light' })).tab()
    await logIn(other, origin)
    await page.goto(`${origin}/account`)
    await look('account')
    await press(page, 'Dark')
    await look('account-dark')
    await page.goto(origin)
    await look('home-dark')
    await page.goto(`${origin}/cart`)
    await look('cart-dark')
    await press(page, 'Light')
    await page.goto(`${origin}/account`)
    await press(page, 'Log out everywhere else')
    await look('account-alone')
    storage.pass(5 * 60_000)
    await page.goto(`${origin}/account`)
    await look('is-it-you')
    await other.goto(`${origin}/cart`)
    await look('told-why', other)
    await page.goto(`${origin}/nowhere`)
    await look('not-found')
    await page.goto(`${origin}/login`)
    await page.getByLabel('Name').fill('asa')
    await page.getByLabel('Password').fill('wrong')
    await press(page, 'Log in')
    await look('login-failed')
    await press(page, 'Log out')
    await look('goodbye')
    // Chromium says so of every answer with an error's status.
    expect(complaints.filter((text) => !text.includes('responded with a status of'))).toEqual([])
  })
})

/** A page somewhere else with a form for the shop, as an attacker would put it there. */
async function attackFrom(host: string): Promise<string> {
  const server = createServer((request, response) => {
    const query = new URL(request.url as string, 'http://x').searchParams
    const fields = {
      _csrf: query.get('token') ?? '',
      product: 'vase',
      quantity: '9',
      name: 'omar',
      password: 'copper-kettle',
    }
    const inputs = Object.entries(fields).map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
    )
    response.setHeader('Content-Type', 'text/html')
    response.end(
      `<form method="post" action="${query.get('to')}">${inputs.join('')}<button>Win a teapot</button></form>`,
    )
  }).listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

/** A picture for people, if the environment names a folder for them. */
async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['SHOP_SCREENSHOTS']
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
