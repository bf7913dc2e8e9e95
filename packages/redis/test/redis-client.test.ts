import { inspect } from 'node:util'
import { withPrefix } from '@transient/core'
import type { TransientStore } from '@transient/core/store'
import { createRedisStore, getRedis, type RedisClient } from '@transient/redis'
import { Cluster, Redis } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5'
import { describe, expect, expectTypeOf, it } from 'vitest'

const offline = { lazyConnect: true } as const

function caught(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('the client of a Redis store', () => {
  it('is a Redis or a Cluster of ioredis 5 or 6, by its type', () => {
    expectTypeOf<Redis>().toExtend<RedisClient>()
    expectTypeOf<Cluster>().toExtend<RedisClient>()
    expectTypeOf<Redis5>().toExtend<RedisClient>()
    expectTypeOf<Cluster5>().toExtend<RedisClient>()
    expectTypeOf<Redis<'resp3'>>().toExtend<RedisClient>()
    expectTypeOf<{ get(key: string): Promise<string> }>().not.toExtend<RedisClient>()
    const clients = [
      new Redis(offline),
      new Redis5(offline),
      new Cluster([{ host: '127.0.0.1', port: 1 }], offline),
      new Cluster5([{ host: '127.0.0.1', port: 1 }], offline),
    ]
    for (const client of clients) expect(getRedis<RedisClient>(createRedisStore(client))).toBe(client)
  })

  it('is found again, also through decorators, and typed as the Redis of the ioredis at hand', () => {
    const client = new Redis(offline)
    const store = withPrefix(withPrefix(createRedisStore(client), 'a:'), 'b:')
    expectTypeOf(getRedis(store)).toEqualTypeOf<Redis>()
    expectTypeOf(getRedis<Cluster>(store)).toEqualTypeOf<Cluster>()
    expect(getRedis(store)).toBe(client)
  })

  it('is found by another copy of the package', () => {
    const client = new Redis(offline)
    const key = Symbol.for('transient.redis.client')
    expect((createRedisStore(client) as { [key]?: unknown })[key]).toBe(client)
  })

  it('is not found under a store of another kind: a TypeError', () => {
    const store = withPrefix({ atomicity: 'process' } as TransientStore, 'a:')
    expect(() => getRedis(store)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' }) as Error,
    )
  })

  it('with a keyPrefix is refused, since scan and flush would not follow it', () => {
    expect(() => createRedisStore(new Redis({ ...offline, keyPrefix: 'app:' }))).toThrow(/withPrefix/)
    expect(() => createRedisStore(new Redis5({ ...offline, keyPrefix: 'app:' }))).toThrow(TypeError)
    expect(() => createRedisStore('redis://127.0.0.1:1?keyPrefix=app:')).toThrow(/withPrefix/)
  })

  it('that would leave commands without an answer is refused', () => {
    const client = { ...offline, autoResendUnfulfilledCommands: false }
    expect(() => createRedisStore(new Redis(client))).toThrow(/maxRetriesPerRequest/)
    expect(() => createRedisStore(new Redis({ ...client, maxRetriesPerRequest: 0 }))).not.toThrow()
  })

  it('must be a client or a URL that ioredis understands: anything else is a TypeError', () => {
    for (const wrong of [undefined, null, 6379, {}, { get() {} }, 'http://127.0.0.1', 'unix:///tmp/socket'])
      expect(() => createRedisStore(wrong as never), String(wrong)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' }) as Error,
      )
    expect(() => createRedisStore('redis://127.0.0.1:1/sessions')).toThrow(/number of a database/)
    // What Node says of a URL it cannot read has the whole of it, and so the password.
    for (const unreadable of ['redis://:secret@127.0.0.1:99999', 'redis://u:secret@', 'redis://:secret@[::1']) {
      const open = () => createRedisStore(unreadable)
      expect(open, unreadable).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' }) as Error,
      )
      expect(inspect(caught(open), { depth: 9 })).not.toContain('secret')
    }
  })

  it('goes with options of the right kind only', () => {
    for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5'])
      for (const name of ['maxValueBytes', 'scanCount', 'watchHeartbeat', 'connectTimeout', 'responseTimeout'])
        expect(() => createRedisStore('redis://127.0.0.1:1', { [name]: wrong }), name).toThrow(RangeError)
    expect(() => createRedisStore('redis://127.0.0.1:1', { connectTimeout: 2 ** 31 })).toThrow(RangeError)
    expect(() => createRedisStore(new Redis(offline), { watchHeartbeat: 2 ** 31 })).toThrow(RangeError)
    expect(() => createRedisStore(new Redis(offline), { connectTimeout: 100 } as never)).toThrow(/on the client/)
  })
})
