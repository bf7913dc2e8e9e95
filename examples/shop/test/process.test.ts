import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type ClientRequest, createServer, request } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type FrontName, frontNames } from '../src/settings.ts'
import { createVisitor, type Visitor } from './visitor.ts'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Starts the shop as `npm start` does, with nothing but these in its environment. */
function start(env: Record<string, string>, ...args: string[]) {
  const child = spawn(
    process.execPath,
    ['--import', file('../../../scripts/alias-sources.mjs'), file('../src/main.ts'), ...args],
    {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let out = ''
  let err = ''
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const open = async () => {
    while (!out.includes('http://')) {
      const event = await Promise.race([once(child.stdout, 'data'), ended])
      if ('code' in event) throw new Error(`the shop ended: ${event.err}`)
    }
    return (/http:\/\/\S+/.exec(out) as RegExpExecArray)[0]
  }
  return { child, ended, open }
}

// Each test starts processes of its own, which takes its time on a busy machine.
describe('the shop as a process', { timeout: 30_000 }, () => {
  it.each(frontNames)('on %s prints its address, serves, and ends with 0 at SIGTERM and SIGINT', async (front) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const shop = start({ PORT: '0', SHOP_FRONT: front })
      const origin = await shop.open()
      // A connection that is kept alive must not keep the shop open.
      expect((await createVisitor(origin).get('/')).status).toBe(200)
      shop.child.kill(signal)
      const { code, err } = await shop.ended
      expect([code, err]).toEqual([0, ''])
    }
  })

  it.each(frontNames)('on %s finishes a request that is under way when it is told to end', async (front) => {
    const shop = start({ PORT: '0' }, front)
    const origin = await shop.open()
    const asking = await postHalf(origin)
    const answer = once(asking, 'response')
    shop.child.kill('SIGTERM')
    while (await isOpen(origin)) await new Promise((resolve) => setImmediate(resolve))
    asking.end(form)
    const [response] = (await answer) as [{ statusCode: number; resume(): void }]
    response.resume()
    expect(response.statusCode).toBe(303)
    expect((await shop.ended).code).toBe(0)
  })

  it('ends at once when it is told a second time, whatever is under way', async () => {
    const shop = start({ PORT: '0' })
    const origin = await shop.open()
    const asking = await postHalf(origin)
    const hungUp = once(asking, 'error')
    shop.child.kill('SIGINT')
    while (await isOpen(origin)) await new Promise((resolve) => setImmediate(resolve))
    shop.child.kill('SIGINT')
    await shop.ended
    await hungUp
    expect(shop.child.signalCode).toBe('SIGINT')
  })

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a framework that it does not know',
      { SHOP_FRONT: 'koala' },
      /the shop runs on express, fastify, hono, not on "koala"/,
    ],
    ['a port that is none', { PORT: 'eighty' }, /PORT must be a whole number from 0 to 65535, not "eighty"/],
    ['a Redis URL that is none', { REDIS_URL: 'http://localhost' }, /REDIS_URL cannot be used/],
    [
      'a Redis that is not there',
      { REDIS_URL: 'redis://127.0.0.1:1', PORT: '0' },
      /Redis at redis:\/\/127\.0\.0\.1:1 cannot be reached/,
    ],
    [
      'a Redis without a scheme, whose password it does not repeat',
      { REDIS_URL: 'asa:pssst@127.0.0.1:1', PORT: '0' },
      /Redis at redis:\/\/127\.0\.0\.1:1 cannot be reached/,
    ],
  ])('with %s says so in one line and ends with 1', async (_, env, line) => {
    const { code, out, err } = await start(env).ended
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(line)
    expect(err.trimEnd().split('\n')).toHaveLength(1)
  })

  it('with a port in use says so in one line and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const port = String((other.address() as AddressInfo).port)
    const { code, out, err } = await start({ PORT: port }).ended
    expect([code, out, err]).toEqual([
      1,
      '',
      `The shop cannot open: Port ${port} is in use; choose another one with PORT\n`,
    ])
  })

  it('with a Redis that never answers says so within seconds', async () => {
    const silent = createSocketServer(() => {}).listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const began = performance.now()
    const { code, err } = await start({ REDIS_URL: `redis://127.0.0.1:${(silent.address() as AddressInfo).port}` })
      .ended
    expect([code, err.trimEnd().split('\n').length]).toEqual([1, 1])
    expect(err).toMatch(/cannot be reached/)
    expect(performance.now() - began).toBeLessThan(8000)
  })
})

describe('on Redis', { timeout: 30_000 }, () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis({ password: 'open sesame' })
  })
  afterAll(() => redis.stop())

  it('processes share sessions on whichever framework, without being told a secret', async () => {
    const open = (front: FrontName) => start({ PORT: '0', REDIS_URL: redis.url }, front).open()
    const [express, fastify, hono] = await Promise.all([open('express'), open('fastify'), open('hono')])
    const here = createVisitor(express)
    const there = createVisitor(fastify)
    const third = createVisitor(hono)
    const follow = (one: Visitor, other: Visitor) => {
      one.cookies.set('sid', other.cookies.get('sid') as string)
      one.token = other.token
    }
    await here.post('/cart', { product: 'bowl', quantity: '2' })
    follow(there, here)
    expect((await there.post('/cart', { product: 'bowl', quantity: '1' })).text).toContain('€66.00')
    expect((await here.logIn()).text).toContain('Welcome, Åsa')
    there.cookies.clear()
    expect((await there.logIn()).text).toContain('Welcome, Åsa')
    follow(third, here)
    expect((await third.get('/account')).html.match(/class="device/g)).toHaveLength(3)
    await third.post('/account/others/end')
    expect((await there.get('/cart')).text).toContain('You were logged out here.')
    expect((await third.post('/account/password', { current: 'blåsippa', next: 'four new pots' })).text).toContain(
      'Your password is changed',
    )
    // The id that two had at once was replaced by the change.
    expect((await here.get('/cart')).text).not.toContain('Åsa')
    expect((await there.logIn('asa', 'four new pots')).text).toContain('Welcome, Åsa')
    expect((await third.post('/logout')).path).toBe('/goodbye')
  })

  it('a wrong password is said in one line, which does not repeat it', async () => {
    const { code, out, err } = await start({ PORT: '0', REDIS_URL: redis.url.replace(/:[^:@]*@/, ':pssst@') }).ended
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(
      /^The shop cannot open: Redis at redis:\/\/127\.0\.0\.1:\d+ refuses the password or the user \(denied\)\n$/,
    )
  })
})

const form = 'product=mug&quantity=1'

/** A request that the shop has, and whose form it waits for. */
async function postHalf(origin: string): Promise<ClientRequest> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': form.length,
    expect: '100-continue',
  }
  const asking = request(`${origin}/cart`, { method: 'POST', headers })
  asking.flushHeaders()
  await once(asking, 'continue')
  return asking
}

/** Whether the shop takes new connections. */
function isOpen(origin: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request(origin, { agent: false }, (response) => {
      response.resume()
      resolve(true)
    })
    asking.on('error', () => resolve(false))
    asking.end()
  })
}
