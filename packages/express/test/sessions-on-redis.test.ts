import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createRedisStore, getRedis } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createApp, listen, type Meeting } from './site.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const post = (url: string, cookie = '') => fetch(url, { method: 'POST', headers: { cookie } })
const read = async (origin: string, cookie: string) =>
  (await (await fetch(`${origin}/read`, { headers: { cookie } })).json()) as Record<string, number>
const cookieOf = (response: Response) => (response.headers.getSetCookie()[0] ?? '').split(';')[0] as string

async function openSite(url: string, options: Parameters<typeof createApp>[1] = {}) {
  const store = createRedisStore(url)
  const { app, sessions } = createApp(store, options)
  const { server, origin } = await listen(app)
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await store.close()
  })
  const keys = async () => Number(await getRedis(store)?.callBuffer('DBSIZE', []))
  return { origin, sessions, keys, store }
}

/** Handlers wait until `expected` of them have their session. */
function createMeeting(expected: number): Meeting {
  const waiting: (() => void)[] = []
  return {
    arrive: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (waiting.length === expected) for (const go of waiting) go()
      }),
  }
}

/** One handler waits until the test lets it go on. */
function createPause() {
  let go = () => {}
  let say = () => {}
  const arrived = new Promise<void>((resolve) => (say = resolve))
  const meeting: Meeting = {
    arrive: () =>
      new Promise<void>((resolve) => {
        go = resolve
        say()
      }),
  }
  return { meeting, arrived, go: () => go() }
}

async function startProcess(url: string) {
  const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(
    process.execPath,
    ['--import', file('../../../scripts/alias-sources.mjs'), file('site-process.ts'), url],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  )
  onTestFinished(async () => {
    child.kill()
    await ended
  })
  const ended = once(child, 'exit')
  const [origin] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
  if (typeof origin !== 'string') throw new Error('the process ended before it listened')
  return { child, origin }
}

const all = Array.from({ length: 100 }, (_, i) => `field${i}`)

describe('100 requests at once, each writing its own field of one session', () => {
  it('lose no field in one process', async () => {
    const site = await openSite(redis.url, { meeting: createMeeting(100), sessions: { deadline: '20s' } })
    const cookie = cookieOf(await post(`${site.origin}/increment`))
    const answers = await Promise.all(all.map((field) => post(`${site.origin}/write/${field}`, cookie)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(Object.keys(await read(site.origin, cookie)).sort()).toEqual([...all, 'count'].sort())
  })

  it('lose no field in two processes', async () => {
    const sites = await Promise.all([startProcess(redis.url), startProcess(redis.url)])
    const [first, second] = sites
    const cookie = cookieOf(await post(`${first.origin}/increment`))
    let arrived = 0
    const complete = new Promise<void>((resolve) => {
      for (const { child } of sites) child.on('message', () => ++arrived === 100 && resolve())
    })
    const answers = all.map((field, i) => post(`${sites[i % 2]?.origin}/write/${field}`, cookie))
    await complete
    for (const { child } of sites) child.send('go on')
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]))
    expect(Object.keys(await read(second.origin, cookie)).sort()).toEqual([...all, 'count'].sort())
  }, 30_000)
})

describe('1000 updates of one field', () => {
  async function count(origins: readonly string[]): Promise<{ answers: number[]; stored: number | undefined }> {
    const cookie = cookieOf(await post(`${origins[0]}/write/other`))
    const answers: number[] = []
    let left = 1000
    const worker = async (origin: string) => {
      while (left-- > 0) answers.push((await (await post(`${origin}/increment`, cookie)).json()) as number)
    }
    await Promise.all(Array.from({ length: 50 }, (_, i) => worker(origins[i % origins.length] as string)))
    return { answers, stored: (await read(origins[0] as string, cookie))['count'] }
  }

  it('are exactly 1000 in one process, each answered with its own number', async () => {
    const { origin } = await openSite(redis.url, { sessions: { deadline: '20s' } })
    const { answers, stored } = await count([origin])
    expect(stored).toBe(1000)
    expect(new Set(answers).size).toBe(1000)
  }, 30_000)

  it('are exactly 1000 in two processes', async () => {
    const sites = await Promise.all([startProcess(redis.url), startProcess(redis.url)])
    for (const { child } of sites) child.on('message', () => child.send('go on'))
    const { answers, stored } = await count(sites.map(({ origin }) => origin))
    expect(stored).toBe(1000)
    expect(new Set(answers).size).toBe(1000)
  }, 60_000)
})

describe('after a logout', () => {
  it.each([
    ['a slow writer', 'POST', '/write/late', 409],
    ['a slow reader', 'GET', '/slow-read', 200],
  ])('%s leaves nothing behind', async (_, method, path, status) => {
    const pause = createPause()
    const site = await openSite(redis.url, { meeting: pause.meeting })
    const cookie = cookieOf(await post(`${site.origin}/increment`))
    const before = await site.keys()
    const slow = fetch(`${site.origin}${path}`, { method, headers: { cookie } })
    await pause.arrived
    expect((await post(`${site.origin}/logout`, cookie)).status).toBe(200)
    expect(await site.keys()).toBe(before - 1)
    pause.go()
    const answer = await slow
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([status, []])
    expect(await site.keys()).toBe(before - 1)
    expect(await read(site.origin, cookie)).toEqual({})
  })
})

describe('the commands that a request sends, counted by the server', () => {
  it.each<[string, number, (origin: string, cookie: string) => Promise<unknown>]>([
    ['a visit without a session', 0, (origin) => fetch(`${origin}/read`)],
    ['a visit that asks for none', 0, (origin) => fetch(`${origin}/untouched`)],
    [
      'a forged cookie',
      0,
      (origin, cookie) => fetch(`${origin}/read`, { headers: { cookie: `${cookie.slice(0, -4)}AAAA` } }),
    ],
    ['a cookie of 10 KB', 0, (origin) => fetch(`${origin}/read`, { headers: { cookie: `sid=${'x'.repeat(10_240)}` } })],
    ['a read', 1, (origin, cookie) => read(origin, cookie)],
    ['a write', 2, (origin, cookie) => post(`${origin}/write/a`, cookie)],
    ['the first write', 1, (origin) => post(`${origin}/write/a`)],
    // The read that eager loading begins with, and the logout itself; without the read it is one, see below.
    ['a logout of an eager session', 2, (origin, cookie) => post(`${origin}/logout`, cookie)],
  ])('%s: %i', async (_, expected, visit) => {
    const site = await openSite(redis.url)
    const cookie = cookieOf(await post(`${site.origin}/increment`))
    // The script of compareAndSet may have to be taught to the server once.
    await post(`${site.origin}/write/b`, cookie)
    const monitor = await redis.monitor()
    onTestFinished(() => monitor.stop())
    await monitor.clear()
    await visit(site.origin, cookie)
    expect((await monitor.commands()).map(({ line }) => line)).toHaveLength(expected)
  })

  it.each<[string, number, (origin: string, cookie: string) => Promise<unknown>]>([
    ['not asked for', 0, (origin, cookie) => fetch(`${origin}/untouched`, { headers: { cookie } })],
    ['logged out', 1, (origin, cookie) => post(`${origin}/logout`, cookie)],
    ['updated', 2, (origin, cookie) => post(`${origin}/increment`, cookie)],
  ])('a lazy session %s: %i', async (_, expected, visit) => {
    const site = await openSite(redis.url, { middleware: { load: 'lazy' } })
    const cookie = cookieOf(await post(`${site.origin}/increment`))
    await post(`${site.origin}/increment`, cookie)
    const monitor = await redis.monitor()
    onTestFinished(() => monitor.stop())
    await monitor.clear()
    await visit(site.origin, cookie)
    expect((await monitor.commands()).map(({ line }) => line)).toHaveLength(expected)
  })
})

describe('with Redis gone under load', () => {
  let own: RedisServer
  beforeEach(async () => {
    own = await startRedis()
    return () => own.stop()
  })

  /** Visitors who come one after another until told to stop; what each saw. */
  function load(origin: string, cookie: string) {
    const seen: { status: number; error?: string; took: number }[] = []
    let going = true
    const visitor = async () => {
      while (going) {
        const began = performance.now()
        const response = await post(`${origin}/increment`, cookie)
        const body = (await response.json()) as { error?: string }
        seen.push({ status: response.status, took: performance.now() - began, ...body })
      }
    }
    const done = Promise.all(Array.from({ length: 20 }, visitor))
    const until = async (status: number) => {
      const from = seen.length
      while (!seen.slice(from).some((answer) => answer.status === status)) await new Promise((go) => setImmediate(go))
    }
    const stop = async () => {
      going = false
      await done
      return seen
    }
    return { until, stop }
  }

  it.each<[string, () => unknown, () => unknown]>([
    ['stopped', () => own.pause(), () => own.resume()],
    ['killed', () => own.kill(), () => own.restart()],
  ])(
    '%s, requests say so within the deadline, and all is well when it is back',
    async (_, takeAway, bringBack) => {
      const site = await openSite(own.url)
      const cookie = cookieOf(await post(`${site.origin}/write/a`))
      const visitors = load(site.origin, cookie)
      await visitors.until(200)
      await takeAway()
      await visitors.until(503)
      await bringBack()
      await visitors.until(200)
      const seen = await visitors.stop()
      const failed = seen.filter(({ status }) => status !== 200)
      expect(failed.length).toBeGreaterThan(0)
      for (const { status, error, took } of failed) {
        expect([status, error]).toEqual([503, expect.stringMatching(/^(timeout|unavailable|conflict)$/)])
        // A read and a write have 250 ms each; the rest is for a machine with other work to do.
        expect(took).toBeLessThan(2000)
      }
    },
    30_000,
  )
})
