import { createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { withDeadline } from '@transient/core'
import type { TransientError, TransientStore } from '@transient/core/store'
import { createRedisStore, getRedis } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

const bytes = (text: string) => Buffer.from(text)
const minute = 60_000

let server: RedisServer
const ends: (() => unknown)[] = []
const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', note)
  server = await startRedis()
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  expect(unhandled).toEqual([])
})
afterAll(async () => {
  process.off('unhandledRejection', note)
  await server.stop()
})

function open(url = server.url, options = {}) {
  const store = createRedisStore(url, options)
  ends.push(() => store.close())
  return store
}

/** Asks until the store answers: new attempts to connect are at most a second apart. */
async function recovered(store: TransientStore, limit = 3000): Promise<void> {
  for (const end = performance.now() + limit; ; await wait(10)) {
    const error: unknown = await store.get('k').then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error === undefined) return
    if (performance.now() > end) throw error as Error
  }
}

async function timed<T>(work: Promise<T>): Promise<{ error: unknown; ms: number }> {
  const start = performance.now()
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { error, ms: performance.now() - start }
}

describe('a server that is killed under load', () => {
  it('leaves no call without an answer, and when it is back the store works again, scripts included', async () => {
    const store = open()
    await store.increment('n', 1, minute)
    let stop = false
    let answered = 0
    let rejected = 0
    const codes = new Set<string>()
    const worker = async (): Promise<void> => {
      while (!stop) {
        await store.increment('n', 1, minute).then(
          () => {
            answered += 1
          },
          (error: TransientError) => {
            rejected += 1
            codes.add(`${error.code} ${error.applied}`)
          },
        )
        // Refusals come at once: without a pause the workers would let no timer run.
        if (rejected > 0) await wait(1)
      }
    }
    const workers = Array.from({ length: 100 }, worker)
    await wait(50) // The load has to be there when the server dies.
    await server.kill()
    await server.restart()
    await recovered(store)
    // The workers get their answers again: else this would wait until the test times out.
    for (const before = answered; answered < before + 100; ) await wait(1)
    stop = true
    await Promise.all(workers)
    expect(codes).toEqual(new Set(['unavailable no', 'unavailable unknown']))
  })

  it('is told at once while it is down, with applied: no', async () => {
    const store = open()
    await store.get('k')
    await server.kill()
    await wait(100) // More than one attempt to connect has failed by then.
    const { error, ms } = await timed(store.set('k', bytes('1'), minute))
    expect(error).toMatchObject({ code: 'unavailable', operation: 'set', key: 'k', applied: 'no' })
    expect(String((error as Error).cause)).toContain('ECONNREFUSED')
    expect(ms).toBeLessThan(50)
    await server.restart()
    await recovered(store)
    await store.set('k', bytes('2'), minute)
    expect(String(await store.get('k'))).toBe('2')
  })

  it('is tried for ever, at most a second apart, and not by all processes at once', () => {
    const { retryStrategy } = getRedis(open()).options
    const delays = Array.from({ length: 100 }, (_, attempt) => retryStrategy?.(attempt + 1))
    for (const delay of delays) expect(delay).toSatisfy((ms) => typeof ms === 'number' && ms > 0 && ms <= 1000)
    expect(new Set(delays).size).toBeGreaterThan(50)
  })

  it('gets what was in hand at the call, when the client of the caller sends it again', async () => {
    const client = new Redis(server.url)
    ends.push(() => client.quit())
    const store = createRedisStore(client)
    await store.get('k')
    server.pause()
    const value = bytes('before')
    const written = store.set('sent again', value, minute)
    value.fill(0)
    client.stream.destroy()
    server.resume()
    await written
    expect(String(await store.get('sent again'))).toBe('before')
  })

  it('gets no command twice: what was under way is not sent again', async () => {
    const store = open()
    await store.increment('n', 1, minute)
    server.pause()
    const lost = store.increment('n', 1, minute)
    // As a proxy or a failover does it: the connection ends while the server still has the command to do.
    getRedis(store).stream.destroy()
    await expect(lost).rejects.toMatchObject({ code: 'unavailable', applied: 'unknown' })
    server.resume()
    await recovered(store)
    const { value } = await store.increment('n', 0, minute)
    expect(value).toBeLessThanOrEqual(2)
    expect((await store.increment('n', 1, minute)).value).toBe(value + 1)
  })
})

describe('a server that stands still', () => {
  it('is bounded by a deadline, and what waited for it is answered in order when it goes on', async () => {
    const slow = open()
    const store = withDeadline(slow, 100)
    await slow.set('k', bytes('1'), minute)
    server.pause()
    try {
      const { error, ms } = await timed(store.get('k'))
      expect(error).toMatchObject({ code: 'timeout' })
      expect(ms).toBeLessThan(400)
      await expect(store.set('k', bytes('2'), minute)).rejects.toMatchObject({ code: 'timeout', applied: 'unknown' })
    } finally {
      server.resume()
    }
    expect(String(await slow.get('k'))).toBe('2')
    expect(String(await store.get('k'))).toBe('2')
  })

  it('is given up after the response timeout, and found again', async () => {
    const store = open(server.url, { responseTimeout: 200, connectTimeout: 200 })
    await store.set('k', bytes('1'), minute)
    server.pause()
    try {
      const { error, ms } = await timed(store.set('k', bytes('2'), minute))
      expect(error).toMatchObject({ code: 'unavailable', applied: 'unknown' })
      expect(String((error as Error).cause)).toContain('no answer for 200 ms')
      expect(ms).toBeGreaterThan(100)
      expect(ms).toBeLessThan(1000)
      // The kernel still accepts connections for it: an attempt ends by the connect timeout, commands are refused meanwhile.
      const next = await timed(store.get('k'))
      expect(next.error).toMatchObject({ code: 'unavailable' })
      expect(next.ms).toBeLessThan(100)
    } finally {
      server.resume()
    }
    await recovered(store)
  })

  it('is not given up while it answers, however long one command waits for the next', async () => {
    const store = open(server.url, { responseTimeout: 100 })
    await store.get('k')
    await wait(300) // Longer than the response timeout, with nothing under way.
    expect(getRedis(store).status).toBe('ready')
    // A process held up for longer than the timeout does not blame the server.
    const answer = store.get('k')
    for (const end = performance.now() + 300; performance.now() < end; );
    await answer
    expect(getRedis(store).status).toBe('ready')
  })

  it('is not given up for silences that are each shorter than the timeout', async () => {
    const store = open(server.url, { responseTimeout: 400 })
    const redis = getRedis(store)
    let lost = 0
    redis.on('close', () => {
      lost += 1
    })
    // Redis itself makes the silence: 150 ms of it, six times.
    for (let time = 0; time < 6; time += 1) await redis.blpop('nothing', 0.15)
    expect(lost).toBe(0)
  })

  it('does not keep the store from closing', async () => {
    const store = open(server.url, { responseTimeout: 200 })
    await store.get('k')
    server.pause()
    try {
      const reply = timed(store.get('k'))
      const { error, ms } = await timed(store.close())
      expect(error).toBeUndefined()
      expect(ms).toBeLessThan(1000)
      expect((await reply).error).toMatchObject({ code: 'unavailable' })
      expect(getRedis(store).status).toBe('end')
    } finally {
      server.resume()
    }
  })
})

describe('a server that is busy', () => {
  it('does not keep the store from closing within the response timeout, though it answers all the time', async () => {
    const store = open(server.url, { responseTimeout: 400 })
    const redis = getRedis(store)
    await store.get('k')
    // Redis itself makes it take long: 150 ms for each of ten, and the store's own command after them.
    const slow = Promise.allSettled(Array.from({ length: 10 }, () => redis.blpop('nothing', 0.15)))
    const reply = timed(store.get('k'))
    const { error, ms } = await timed(store.close())
    expect(error).toBeUndefined()
    expect(ms).toBeLessThan(650)
    expect((await reply).error).toMatchObject({ code: 'unavailable' })
    await slow
  })
})

describe('a server that cannot be reached from the beginning', () => {
  it('rejects the first commands as soon as that is known, and is found when it comes', async () => {
    const late = await startRedis()
    await late.kill()
    const store = open(late.url)
    ends.push(() => late.stop())
    const { error, ms } = await timed(store.set('k', bytes('1'), minute))
    expect(error).toMatchObject({ code: 'unavailable', applied: 'no' })
    expect(String((error as Error).cause)).toContain('ECONNREFUSED')
    expect(ms).toBeLessThan(500)
    await late.restart()
    await recovered(store)
  })

  it('is waited for no longer than the connect timeout when it accepts and says nothing', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket.on('error', () => {})))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const { port } = silent.address() as { port: number }
    const store = open(`redis://127.0.0.1:${port}`, { connectTimeout: 150 })
    const { error, ms } = await timed(store.set('k', bytes('1'), minute))
    expect(error).toMatchObject({ code: 'unavailable', applied: 'no' })
    expect(String((error as Error).cause)).toContain('150 ms')
    expect(ms).toBeLessThan(600)
    await store.close()
  })

  it('can be closed at any moment, and nothing tries again afterwards', async () => {
    for (const pause of [0, 1, 60]) {
      const store = createRedisStore('redis://127.0.0.1:1')
      const waiting = timed(store.get('k'))
      await wait(pause) // In each state a client passes through: before, during and between attempts.
      const { error, ms } = await timed(store.close())
      expect(error).toBeUndefined()
      expect(ms).toBeLessThan(500)
      expect((await waiting).error).toMatchObject({ code: 'unavailable' })
      let attempts = 0
      getRedis(store).on('connecting', () => {
        attempts += 1
      })
      await wait(150) // Longer than the pause before the next attempt.
      expect(attempts).toBe(0)
      expect(getRedis(store).status).not.toBe('ready')
    }
  })

  it('leaves no timer behind when it is closed, which would keep the process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    for (const pause of [0, 1, 60]) {
      const store = createRedisStore('redis://127.0.0.1:1')
      await expect(store.get('k')).rejects.toMatchObject({ code: 'unavailable' })
      await wait(pause) // Before and between attempts, as above.
      await store.close()
    }
    await wait(10) // What ioredis does last is a timer of one millisecond.
    expect(timers()).toBeLessThanOrEqual(before)
  })

  it('is unavailable when it speaks another protocol, at first and later', async () => {
    const web = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    ends.push(() => web.close())
    const store = open(`redis://127.0.0.1:${(web.address() as { port: number }).port}`)
    for (let time = 0; time < 2; time += 1)
      await expect(store.set('k', bytes('1'), minute)).rejects.toMatchObject({ code: 'unavailable', applied: 'no' })
  })
})
