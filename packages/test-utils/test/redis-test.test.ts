/* oxlint-disable vitest/no-standalone-expect -- these tests are declared by createRedisTest */
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { getRedis } from '@transient/redis'
import { flushTestDatabase, type RedisServer, startRedis } from '@transient/test-utils/redis'
import { createRedisTest } from '@transient/test-utils/vitest'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestRoom } from '../src/lib/fixtures/test-room.ts'

const run = promisify(execFile)
const value = Buffer.from('value')
const test = createRedisTest()
const prefixed = createRedisTest({ isolate: 'prefix' })

let server: RedisServer
const clients: Redis[] = []

function connect(database: number): Redis {
  const client = new Redis(`${server.url}/${database}`)
  clients.push(client)
  return client
}

beforeAll(async () => {
  server = await startRedis()
})

afterAll(async () => {
  for (const client of clients) client.disconnect()
  await server.stop()
})

describe('createRedisTest', () => {
  test('gives a store on a private server', async ({ store, prefix }) => {
    expect(prefix).toBe('')
    await store.set('left behind', value, 60_000)
    expect(Buffer.from((await store.get('left behind')) ?? [])).toEqual(value)
  })

  test('flushes before each test', async ({ store, redis }) => {
    expect(await store.get('left behind')).toBeUndefined()
    expect(await redis.dbsize()).toBe(0)
    await redis.set('left behind too', '1')
  })

  test('flushes also for a test that asks for redis alone', async ({ redis }) => {
    expect(await redis.dbsize()).toBe(0)
  })

  test('gives the connection that is under the store', async ({ store, redis }) => {
    await store.set('key', value, 60_000)
    expect(await redis.get('key')).toBe('value')
    expect(getRedis(store)).toBe(redis)
  })
})

describe('createRedisTest with prefixes', () => {
  prefixed('puts a prefix of the worker before the keys', async ({ store, redis, prefix }) => {
    expect(prefix).toMatch(/^test:[0-9a-f-]{36}:$/)
    await store.set('key', value, 60_000)
    expect(await redis.keys('*')).toEqual([`${prefix}key`])
    await redis.set('of others', '1')
  })

  prefixed('flushes only what is under it', async ({ store, redis }) => {
    expect(await store.get('key')).toBeUndefined()
    expect(await redis.keys('*')).toEqual(['of others'])
  })
})

describe('workers that share a server', () => {
  for (const isolate of ['database', 'prefix']) {
    it(`never touch the keys of each other, by ${isolate}`, { timeout: 60_000 }, async () => {
      const config = fileURLToPath(new URL('./workers/vitest.config.ts', import.meta.url))
      const vitest = join(dirname(fileURLToPath(import.meta.resolve('vitest/package.json'))), 'vitest.mjs')
      const shared = await startRedis()
      try {
        const env = { PATH: process.env.PATH, TRANSIENT_TEST_REDIS_URL: shared.url, ISOLATE: isolate }
        const { stdout } = await run(process.execPath, [vitest, 'run', '--config', config], { env })
        expect(stdout).toMatch(/Tests .*3 passed/)
        if (isolate === 'prefix') {
          const redis = new Redis(`${shared.url}/14`)
          expect(await redis.keys('*')).toEqual([]) // Nobody would come again to flush a prefix that is not used again.
          redis.disconnect()
        }
      } finally {
        await shared.stop()
      }
    })
  }
})

describe('flushTestDatabase', () => {
  it('empties a test database, and no other', async () => {
    for (const database of [0, 14, 15]) await connect(database).set('key', 'value')
    await flushTestDatabase(connect(14))
    expect(await connect(14).dbsize()).toBe(0)
    expect(await connect(15).get('key')).toBe('value')
    expect(await connect(0).get('key')).toBe('value')
    await flushTestDatabase(connect(15))
    expect(await connect(15).dbsize()).toBe(0)
  })

  it('refuses a database that is not for tests, and touches nothing', async () => {
    for (const database of [0, 1, 3, 13]) {
      await connect(database).set('key', 'value')
      await expect(flushTestDatabase(connect(database))).rejects.toThrow(`refused to flush database ${database}`)
      expect(await connect(database).get('key')).toBe('value')
    }
  })

  it('asks the server which database it is, whatever the URL said', async () => {
    const wandered = connect(14)
    await wandered.select(3)
    await connect(3).set('key', 'value')
    await expect(flushTestDatabase(wandered)).rejects.toThrow('refused to flush database 3')
    expect(await connect(3).get('key')).toBe('value')
    const arrived = connect(3)
    await arrived.select(14)
    await connect(14).set('key', 'value')
    await flushTestDatabase(arrived)
    expect(await connect(14).dbsize()).toBe(0)
  })

  it('empties the database it asked about, though the connection has gone to another meanwhile', async () => {
    for (const database of [3, 14]) await connect(database).set('key', 'value')
    const redis = connect(14)
    const wandering = {
      async call(command: string, ...args: string[]) {
        const answer = await redis.call(command, ...args)
        if (command === 'CLIENT') await redis.select(3)
        return answer
      },
    }
    await flushTestDatabase(wandering)
    expect(await connect(3).get('key')).toBe('value')
    expect(await connect(14).dbsize()).toBe(0)
    expect(await redis.get('key')).toBe('value')
  })

  it('takes other databases where they are named, or any', async () => {
    await connect(9).set('key', 'value')
    await flushTestDatabase(connect(9), { testDatabases: [9] })
    expect(await connect(9).dbsize()).toBe(0)
    await expect(flushTestDatabase(connect(14), { testDatabases: [9] })).rejects.toThrow('refused')
    await connect(0).set('key', 'value')
    await flushTestDatabase(connect(0), { testDatabases: 'any' })
    expect(await connect(0).dbsize()).toBe(0)
  })

  it('refuses where the server does not say which database it is', async () => {
    const called: string[] = []
    const silent = (answer: () => unknown) => ({
      call: async (command: string) => {
        called.push(command)
        return answer()
      },
    })
    const failing = silent(() => {
      throw new Error('ERR unknown subcommand')
    })
    await expect(flushTestDatabase(failing)).rejects.toThrow('does not say which database')
    await expect(flushTestDatabase(silent(() => 'id=3 name=db=14x'))).rejects.toThrow('names no database')
    expect(called).toEqual(['CLIENT', 'CLIENT'])
  })
})

describe('the room of a worker', () => {
  const url = 'redis://127.0.0.1:6379'

  it('is a test database of its own', async () => {
    expect((await openTestRoom({ url }, 1)).url).toBe(`${url}/14`)
    expect((await openTestRoom({ url }, 2)).url).toBe(`${url}/15`)
    expect((await openTestRoom({ url: `${url}/14` }, 2)).url).toBe(`${url}/15`)
    expect((await openTestRoom({ url, testDatabases: [7] }, 1)).url).toBe(`${url}/7`)
  })

  it('is refused where there are more workers than databases', async () => {
    await expect(openTestRoom({ url }, 3)).rejects.toThrow('worker 3 has no database: there are 2 test databases')
  })

  it('is refused in a URL that names another database', async () => {
    await expect(openTestRoom({ url: `${url}/1` }, 1)).rejects.toThrow('1 is not one of the test databases (14, 15)')
    await expect(openTestRoom({ url: `${url}/1`, isolate: 'prefix' }, 1)).rejects.toThrow('1 is not one of the test')
  })

  it('is a prefix of its own in one database, if so told', async () => {
    // The same worker twice: those of two test runs, in containers where even the process numbers are the same.
    const rooms = await Promise.all([1, 2, 2].map((worker) => openTestRoom({ url, isolate: 'prefix' }, worker)))
    expect(rooms.map((room) => room.url)).toEqual(Array(3).fill(`${url}/14`))
    expect(new Set(rooms.map((room) => room.prefix)).size).toBe(3)
    expect((await openTestRoom({ url: `${url}/15`, isolate: 'prefix' }, 1)).url).toBe(`${url}/15`)
  })
})
