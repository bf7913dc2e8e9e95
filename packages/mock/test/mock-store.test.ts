import { withPrefix } from '@transient/core'
import type { TransientStore } from '@transient/core/store'
import { createMockStore } from '@transient/mock'
import { createRedisStore, getRedis } from '@transient/redis'
import { afterEach, describe, expect, it, vi } from 'vitest'

const bytes = (text: string) => Buffer.from(text)
const minute = 60_000
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

afterEach(() => {
  vi.useRealTimers()
})

async function listed(store: TransientStore & { scan(prefix: string): AsyncIterable<readonly string[]> }) {
  const keys: string[] = []
  for await (const batch of store.scan('')) keys.push(...batch)
  return keys.sort()
}

describe('a mock store', () => {
  it('shares nothing with another', async () => {
    const one = createMockStore()
    const other = createMockStore()
    await one.set('k', bytes('1'), minute)
    expect(await other.get('k')).toBeUndefined()
    await other.flush()
    expect(String(await one.get('k'))).toBe('1')
  })

  it('keeps all 256 byte values through every verb that carries them, scripts included', async () => {
    const store = createMockStore()
    const other = Buffer.from(everyByte).reverse()
    await store.set('k', everyByte, minute)
    expect(await store.get('k', { touch: minute })).toEqual(everyByte)
    expect(await store.compareAndSet('k', everyByte, other, 'keep')).toBe(true)
    expect(await store.compareAndSet('k', other, everyByte, 'keep', { stamp: 200 })).toBe(true)
    expect(await store.getMany(['k'])).toEqual([everyByte])
    expect(await store.compareAndSet('k', everyByte, null, undefined, { stamp: 256 })).toBe(true)
    expect(await store.compareAndSet('k', null, everyByte, minute)).toBe(true)
    expect(await store.take('k')).toEqual(everyByte)
  })

  it('takes the names that JavaScript objects and ioredis-mock stumble over', async () => {
    const store = createMockStore()
    const names = ['', '~', '~~', '__proto__', '~__proto__', 'constructor', 'toString', 'hasOwnProperty']
    for (const name of names) {
      expect(await store.get(name), name).toBeUndefined()
      expect(await store.ttl([name]), name).toEqual([undefined])
      expect(await store.increment(name, 2, minute), name).toMatchObject({ value: 2 })
      expect(await store.compareAndSet(name, bytes('2'), bytes(`2${name}`), 'keep', { stamp: 1 }), name).toBe(true)
    }
    expect(await listed(store)).toEqual([...names].sort())
    expect(await store.delete([...names, '__proto__'])).toBe(names.length)
    expect(await listed(store)).toEqual([])
  })

  it('follows fake timers', async () => {
    vi.useFakeTimers()
    const store = createMockStore()
    await store.set('k', bytes('1 x'), 1000)
    await vi.advanceTimersByTimeAsync(400)
    expect(await store.compareAndSet('k', bytes('1 x'), bytes('1 y'), 'keep', { stamp: 1 })).toBe(true)
    expect(await store.compareAndSet('k', bytes('1 y'), bytes('1 z'), 'keep')).toBe(true)
    expect(await store.ttl(['k'])).toEqual([600])
    await vi.advanceTimersByTimeAsync(600)
    expect(await store.get('k')).toBeUndefined()
    expect(await store.compareAndSet('k', bytes('1 z'), bytes('2'), minute, { stamp: 1 })).toBe(false)
    expect(await store.increment('k', 1, 50)).toEqual({ value: 1, ttl: 50 })
  })

  it('counts beyond 32 bits exactly, as a server does', async () => {
    const store = createMockStore()
    await store.increment('n', 2 ** 31 - 1, minute)
    expect((await store.increment('n', 1, minute)).value).toBe(2 ** 31)
    expect((await store.increment('n', Number.MAX_SAFE_INTEGER - 2 ** 31, minute)).value).toBe(Number.MAX_SAFE_INTEGER)
    await expect(store.increment('n', 1, minute)).rejects.toMatchObject({ code: 'overflow' })
    expect(String(await store.get('n'))).toBe('9007199254740991')
  })

  it('runs every script as the real store does: unknown at first, known later', async () => {
    const store = createMockStore()
    await store.set('k', bytes('1'), minute)
    for (let time = 0; time < 2; time += 1) {
      expect(await store.touch('k', Number.POSITIVE_INFINITY)).toBe(true)
      expect(await store.touch('absent', Number.POSITIVE_INFINITY)).toBe(false)
    }
    expect(await store.ttl(['k'])).toEqual([Number.POSITIVE_INFINITY])
  })

  it('is closed after close', async () => {
    const store = withPrefix(createMockStore(), 'p:')
    await store.close()
    await store.close()
    await expect(store.set('k', bytes('1'), minute)).rejects.toMatchObject({ code: 'closed', applied: 'no' })
  })

  it('takes the options of the Redis store, and no other kind of value for them', async () => {
    await expect(createMockStore({ maxValueBytes: 2 }).set('k', bytes('123'), minute)).rejects.toMatchObject({
      code: 'too-large',
    })
    expect(() => createMockStore({ maxValueBytes: 0 })).toThrow(RangeError)
  })
})

describe('the ioredis-mock client under it', () => {
  it('is found through decorators, and sees keys and text as they are', async () => {
    const store = createMockStore()
    const redis = getRedis(withPrefix(store, 'a:'))
    await store.set('k', bytes('ÅÄÖ 😀'), minute)
    expect(await redis.get('k')).toBe('ÅÄÖ 😀')
    await store.compareAndSet('k', bytes('ÅÄÖ 😀'), bytes('ÅÄÖ'), 'keep', { stamp: 1 })
    expect(await redis.get('k')).toBe('ÅÄÖ')
    expect(await redis.keys('*')).toEqual(['k'])
  })

  it('may write what the store then reads', async () => {
    const store = createMockStore()
    const redis = getRedis(store)
    await redis.set('k', 'ÅÄÖ 😀')
    expect(String(await store.get('k'))).toBe('ÅÄÖ 😀')
    expect(await store.compareAndSet('k', bytes('ÅÄÖ 😀'), everyByte, minute)).toBe(true)
    await redis.set('n', '41')
    expect((await store.increment('n', 1, minute)).value).toBe(42)
    await redis.set('s', '😀 stamped')
    expect(await store.compareAndSet('s', bytes('😀'), bytes('😀!'), minute, { stamp: 4 })).toBe(true)
    expect(String(await store.take('s'))).toBe('😀!')
  })

  it('may hold other kinds of data, which are the wrong type as on a server', async () => {
    const store = createMockStore()
    const redis = getRedis(store)
    await redis.rpush('list', 'a', 'b')
    await redis.hset('hash', 'a', 'b')
    await redis.sadd('set', 'a')
    for (const key of ['list', 'hash', 'set']) {
      for (const read of [
        () => store.get(key),
        () => store.get(key, { touch: minute }),
        () => store.take(key),
        () => store.increment(key, 1, minute),
        () => store.compareAndSet(key, bytes('a'), bytes('b'), minute),
        () => store.compareAndSet(key, bytes('a'), bytes('b'), minute, { stamp: 1 }),
        () => store.compareAndSet(key, bytes('a'), null),
      ])
        await expect(read()).rejects.toMatchObject({ code: 'wrong-type', key })
      expect(await store.getMany([key])).toEqual([undefined])
      expect(await store.ttl([key])).toEqual([Number.POSITIVE_INFINITY])
    }
    expect(await redis.lrange('list', 0, -1)).toEqual(['a', 'b'])
    expect(await store.delete(['list', 'hash', 'set'])).toBe(3)
  })

  it('carries other stores over the same data', async () => {
    const store = createMockStore()
    const other = createRedisStore(getRedis(store))
    await store.set('k', bytes('1'), minute)
    expect(String(await other.get('k'))).toBe('1')
    await other.close()
    expect(String(await store.get('k'))).toBe('1')
  })

  it('says so when it is asked through callBuffer for what the mock cannot do', async () => {
    const redis = getRedis(createMockStore())
    const impossible = [
      ['client', 'id'],
      ['constructor', 'k'],
      ['set', 'k', 'v', 'XX'],
      ['set', 'k', 'v', 'EX', '1'],
      ['getex', 'k', 'EXAT', '1'],
      ['pexpire', 'k', '1', 'NX'],
      ['scan', '0', 'MATCH', 'a?', 'COUNT', '10'],
      ['scan', '0', 'TYPE', 'hash'],
      ['eval', 'return 1', '0'],
      ['evalsha', 'abc', '2', 'a', 'b'],
    ] as const
    for (const [command, ...args] of impossible)
      await expect(redis.callBuffer(command, args as unknown as string[])).rejects.toMatchObject({
        code: 'unsupported',
        operation: command,
      })
    expect(await redis.callBuffer('GET', ['k'])).toBeNull()
    expect(await redis.callBuffer('SCAN', ['0', 'MATCH', 'a\\?*'])).toEqual([Buffer.from('0'), []])
  })
})
