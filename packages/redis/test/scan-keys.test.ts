import { createRedisStore } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { prefixPattern } from '../src/lib/scan-keys.ts'

let server: RedisServer
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
  redis = new Redis(server.url)
})
beforeEach(() => redis.flushdb())
afterAll(async () => {
  await redis.quit()
  await server.stop()
})

async function listed(prefix: string, options = {}): Promise<string[]> {
  const keys: string[] = []
  for await (const batch of createRedisStore(redis, options).scan(prefix)) keys.push(...batch)
  return [...new Set(keys)].sort()
}

describe('the pattern of a prefix', () => {
  it('has no character with a meaning in it but the last', () => {
    expect(prefixPattern('plain:')).toBe('plain:*')
    expect(prefixPattern('*?[a-z]^\\')).toBe('\\*\\?\\[a-z\\]\\^\\\\*')
  })

  it('lets the server find the keys of that prefix, and not those that the same text would match as a pattern', async () => {
    const prefixes = [
      '*',
      '?',
      '[a-z]',
      '[^a]',
      '\\',
      '\\*',
      '[',
      ']',
      '^',
      'a\n',
      'a\0',
      '{tag}',
      '😀',
      'Å',
      '"\'',
      ' ',
      '-',
    ]
    const keys = [...new Set(prefixes.flatMap((prefix) => [prefix, `${prefix}1`, `${prefix}*`]))]
    const others = ['a', 'b', 'b1', 'aa', 'z\\', 'Ä', 'x*', 'tag']
    for (const key of [...keys, ...others]) await redis.set(key, '')
    for (const prefix of prefixes) {
      const expected = [...keys, ...others].filter((key) => key.startsWith(prefix)).sort()
      expect(await listed(prefix), JSON.stringify(prefix)).toEqual(expected)
      // The literal check afterwards would hide a pattern that matches too much, at the cost of everything it matched.
      const [, found] = await redis.scan(0, 'MATCH', prefixPattern(prefix), 'COUNT', 1000)
      expect(found.sort(), JSON.stringify(prefix)).toEqual(expected)
    }
    expect(await listed('')).toEqual([...keys, ...others].sort())
  })
})

describe('a scan', () => {
  it('leaves out keys that are not UTF-8: no string is their name', async () => {
    await redis.set(Buffer.from([0x61, 0xff]), '1')
    await redis.set(Buffer.from([0xed, 0xa0, 0x80]), '1')
    await redis.set('a', '1')
    expect(await listed('')).toEqual(['a'])
    expect(await listed('a')).toEqual(['a'])
  })

  it('keeps a byte order mark and the replacement character', async () => {
    for (const key of ['\ufeffa', '\ufffd']) await redis.set(key, '1')
    expect(await listed('')).toEqual(['\ufeffa', '\ufffd'])
    expect(await listed('\ufeff')).toEqual(['\ufeffa'])
  })

  it('goes in steps, sees keys that stay and may be followed by deletes', async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `k${index}`)
    const store = createRedisStore(redis, { scanCount: 10 })
    await store.setMany(keys.map((key) => ({ key, value: Buffer.from('1'), ttl: 60_000 })))
    let batches = 0
    for await (const batch of store.scan('k')) {
      batches += 1
      await store.delete(batch)
    }
    expect(batches).toBeGreaterThan(20)
    expect(await redis.dbsize()).toBe(0)
  })

  it('ends with closed when the store is closed in the middle', async () => {
    for (let index = 0; index < 100; index += 1) await redis.set(`k${index}`, '')
    const store = createRedisStore(redis, { scanCount: 1 })
    const steps = store.scan('')[Symbol.asyncIterator]()
    await steps.next()
    await store.close()
    await expect(
      (async () => {
        while (!(await steps.next()).done);
      })(),
    ).rejects.toMatchObject({ code: 'closed', operation: 'scan' })
  })
})
