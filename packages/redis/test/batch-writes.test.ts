import { createRedisStore, getRedis, type RedisClient } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { batchWrites } from '../src/lib/batch-writes.ts'

/** A socket that notes what was asked of it. Like the real one it counts its corks. */
function createStream() {
  const events: string[] = []
  let corks = 0
  const stream = {
    writable: true,
    cork() {
      corks += 1
      events.push('cork')
    },
    uncork() {
      corks -= 1
      events.push('uncork')
    },
  }
  return { stream, events, corks: () => corks }
}

function createClient(stream: RedisClient['stream'], status = 'ready') {
  return { status, stream, callBuffer: async () => null } as {
    status: string
    stream: RedisClient['stream']
  } & RedisClient
}

const endOfTick = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('the commands of one tick', () => {
  it('go out at once when there is only one', async () => {
    const { stream, events } = createStream()
    const beforeCommand = batchWrites(createClient(stream))
    for (let tick = 0; tick < 3; tick += 1) {
      beforeCommand()
      await endOfTick()
    }
    expect(events).toEqual([])
  })

  it('are held from the second on, and let out when the tick ends', async () => {
    const { stream, events, corks } = createStream()
    const beforeCommand = batchWrites(createClient(stream))
    for (let command = 0; command < 5; command += 1) beforeCommand()
    expect(events).toEqual(['cork'])
    await endOfTick()
    expect(events).toEqual(['cork', 'uncork'])
    beforeCommand()
    beforeCommand()
    expect(corks()).toBe(1)
    await endOfTick()
    expect(corks()).toBe(0)
  })

  it('are let out in between when they are many: after 8, 32, 128', async () => {
    const { stream, events, corks } = createStream()
    const beforeCommand = batchWrites(createClient(stream))
    const flushes: number[] = []
    for (let sent = 0; sent < 600; sent += 1) {
      const flushed = events.filter((event) => event === 'uncork').length
      beforeCommand()
      if (events.filter((event) => event === 'uncork').length > flushed) flushes.push(sent)
    }
    expect(flushes).toEqual([8, 32, 128, 512])
    await endOfTick()
    expect(corks()).toBe(0)
  })

  it('are let out also when one of them throws', async () => {
    const { stream, corks } = createStream()
    const beforeCommand = batchWrites(createClient(stream))
    expect(() => {
      beforeCommand()
      beforeCommand()
      throw new Error('no')
    }).toThrow()
    await endOfTick()
    expect(corks()).toBe(0)
  })

  it('are let out of the socket that held them, though the client has another by then', async () => {
    const before = createStream()
    const after = createStream()
    const client = createClient(before.stream)
    const beforeCommand = batchWrites(client)
    beforeCommand()
    beforeCommand()
    client.stream = after.stream
    beforeCommand()
    await endOfTick()
    expect(before.corks()).toBe(0)
    expect(after.events).toEqual([])
    beforeCommand()
    beforeCommand()
    expect(after.corks()).toBe(1)
    await endOfTick()
    expect(after.corks()).toBe(0)
  })

  it('are left alone while there is no connection, and where there is no such socket', async () => {
    const { stream, events } = createStream()
    for (const client of [createClient(stream, 'connecting'), createClient(undefined), createClient({} as never)]) {
      const beforeCommand = batchWrites(client)
      for (let command = 0; command < 20; command += 1) beforeCommand()
      await endOfTick()
    }
    expect(events).toEqual([])
  })
})

describe('batches on a real connection', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  it('come to the server in the order of the calls, each answered by its own reply', async () => {
    await using store = createRedisStore(server.url)
    const numbers = Array.from({ length: 500 }, (_, index) => String(index))
    const answers = numbers.map((number) => {
      const written = store.set('k', Buffer.from(number), 60_000)
      return Promise.all([store.get('k'), written])
    })
    expect((await Promise.all(answers)).map(([value]) => String(value))).toEqual(numbers)
  })

  it('are few writes to the socket', async () => {
    const client = new Redis(server.url)
    const store = createRedisStore(client)
    await store.get('k')
    let writes = 0
    const { _writev: writev, _write: write } = getRedis(store).stream
    Object.assign(client.stream, {
      _write(...args: Parameters<typeof write>) {
        writes += 1
        return write.apply(client.stream, args)
      },
      _writev(...args: Parameters<NonNullable<typeof writev>>) {
        writes += 1
        return writev?.apply(client.stream, args)
      },
    })
    await Promise.all(Array.from({ length: 256 }, () => store.get('k')))
    expect(writes).toBeGreaterThan(0)
    expect(writes).toBeLessThan(10)
    await client.quit()
  })
})
