import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { createRedisStore, getRedis } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

const bytes = (text: string) => Buffer.from(text)
const minute = 60_000

let server: RedisServer
let admin: Redis
const ends: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startRedis()
  admin = new Redis(server.url)
})
beforeEach(() => admin.flushall())
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
afterAll(async () => {
  await admin.quit()
  await server.stop()
})

function open(url = server.url, options = {}) {
  const store = createRedisStore(url, options)
  ends.push(() => store.close())
  return store
}

function connect(options = {}) {
  const client = new Redis(server.url, options)
  ends.push(() => client.quit())
  return client
}

describe('on the wire', () => {
  it('every verb is one command', async () => {
    const store = open()
    await store.set('a', bytes('1'), minute)
    // The scripts are known to the server, and the store knows what the server knows.
    await store.compareAndSet('a', bytes('1'), bytes('1'), 'keep')
    await store.compareAndSet('a', bytes('1'), bytes('1'), 'keep', { stamp: 1 })
    await store.compareAndSet('a', bytes('2'), null)
    await store.increment('n', 1, minute)
    await store.touch('a', Number.POSITIVE_INFINITY)
    const monitor = await server.monitor()
    const sent = async (verb: Promise<unknown>) => {
      await verb
      const commands = await monitor.commands()
      await monitor.clear()
      return commands.map((command) => command.name)
    }
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
    try {
      expect(await sent(store.get('a'))).toEqual(['GET'])
      expect(await sent(store.get('a', { touch: minute }))).toEqual(['GETEX'])
      expect(await sent(store.getMany(keys))).toEqual(['MGET'])
      expect(await sent(store.set('a', bytes('1'), minute))).toEqual(['SET'])
      expect(await sent(store.delete(keys))).toEqual(['DEL'])
      expect(await sent(store.touch('a', minute))).toEqual(['PEXPIRE'])
      expect(await sent(store.touch('a', Number.POSITIVE_INFINITY))).toEqual(['EVALSHA'])
      expect(await sent(store.ttl(['a']))).toEqual(['PTTL'])
      expect(await sent(store.compareAndSet('b', null, bytes('1'), minute))).toEqual(['SET'])
      expect(await sent(store.compareAndSet('a', bytes('1'), bytes('1'), 'keep'))).toHaveLength(1)
      expect(await sent(store.compareAndSet('a', bytes('1'), bytes('1'), minute, { stamp: 1 }))).toEqual(['EVALSHA'])
      expect(await sent(store.compareAndSet('b', bytes('1'), null))).toHaveLength(1)
      expect(await sent(store.increment('n', 1, minute))).toEqual(['EVALSHA'])
      expect(await sent(store.take('a'))).toEqual(['GETDEL'])
      expect(await sent(store.flush())).toEqual(['FLUSHDB'])
    } finally {
      monitor.stop()
    }
  })

  it('an empty batch and misuse are no command', async () => {
    const store = open()
    await store.get('a')
    const monitor = await server.monitor()
    try {
      await Promise.all([store.getMany([]), store.setMany([]), store.delete([]), store.ttl([])])
      await expect(store.set('a', bytes('1'), 0)).rejects.toThrow(RangeError)
      await expect(open(server.url, { maxValueBytes: 3 }).set('a', bytes('1234'), 1)).rejects.toMatchObject({
        code: 'too-large',
        applied: 'no',
      })
      expect(
        (await monitor.commands()).filter(({ name }) => name !== 'HELLO' && name !== 'CLIENT' && name !== 'INFO'),
      ).toEqual([])
    } finally {
      monitor.stop()
    }
  })
})

describe('scripts', () => {
  it('are sent again when the server has forgotten them', async () => {
    const store = open()
    await store.increment('n', 1, minute)
    await store.set('a', bytes('1'), minute)
    await admin.script('FLUSH')
    expect(await store.increment('n', 1, minute)).toMatchObject({ value: 2 })
    await admin.script('FLUSH')
    expect(await store.compareAndSet('a', bytes('1'), bytes('1x'), minute, { stamp: 1 })).toBe(true)
    await admin.script('FLUSH')
    expect(await store.touch('a', Number.POSITIVE_INFINITY)).toBe(true)
  })

  it('count each of many concurrent first calls once', async () => {
    await admin.script('FLUSH')
    const store = open()
    const counters = await Promise.all(Array.from({ length: 200 }, () => store.increment('n', 1, minute)))
    expect(new Set(counters.map(({ value }) => value)).size).toBe(200)
    expect(await admin.get('n')).toBe('200')
  })

  it('send what the caller had in hand at the call, also the second time', async () => {
    await admin.script('FLUSH')
    const store = open()
    await store.set('a', bytes('1 old'), minute)
    const expected = bytes('1 old')
    const next = bytes('2 new')
    const swapped = store.compareAndSet('a', expected, next, minute)
    expected.fill(0)
    next.fill(0)
    expect(await swapped).toBe(true)
    expect(String(await store.get('a'))).toBe('2 new')
  })
})

describe('a read that also touches', () => {
  const reports: unknown[] = []
  const report = (message: unknown) => reports.push(message)
  beforeEach(() => {
    reports.length = 0
    subscribe('transient:redis:touch-refused', report)
  })
  afterEach(async () => {
    unsubscribe('transient:redis:touch-refused', report)
    await admin.config('SET', 'min-replicas-to-write', '0')
    await admin.call('REPLICAOF', 'NO', 'ONE')
  })

  it('is answered by a server short of replicas, and reported without key or value', async () => {
    const store = open()
    await store.set('secret key', bytes('secret value'), minute)
    await admin.config('SET', 'min-replicas-to-write', '1')
    expect(String(await store.get('secret key', { touch: 5 }))).toBe('secret value')
    expect(reports).toEqual([{ code: 'read-only', reply: 'NOREPLICAS' }])
    await expect(store.set('secret key', bytes('1'), minute)).rejects.toMatchObject({
      code: 'read-only',
      applied: 'unknown',
    })
    await expect(store.touch('secret key', minute)).rejects.toMatchObject({ code: 'read-only' })
  })

  it('is answered by a read-only replica', async () => {
    const store = open()
    await store.set('a', bytes('1'), minute)
    await admin.call('REPLICAOF', '127.0.0.1', '1')
    expect(String(await store.get('a', { touch: 5 }))).toBe('1')
    expect(reports).toEqual([{ code: 'read-only', reply: 'READONLY' }])
    await expect(store.increment('n', 1, 5)).rejects.toMatchObject({ code: 'read-only' })
  })

  it('is answered for a user who may only read', async () => {
    await admin.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '~*', '+get', '+hello', '+info', '+client')
    const store = open(server.url.replace('redis://', 'redis://reader:pw@'))
    await admin.set('a', '1')
    expect(String(await store.get('a', { touch: 5 }))).toBe('1')
    expect(reports).toEqual([{ code: 'denied', reply: 'NOPERM' }])
    await expect(store.set('a', bytes('1'), 5)).rejects.toMatchObject({ code: 'denied', operation: 'set', key: 'a' })
  })
})

describe('errors', () => {
  it('of a full server are full', async () => {
    const store = open()
    await store.get('a')
    await admin.config('SET', 'maxmemory', '1')
    try {
      for (const write of [
        () => store.set('a', bytes('1'), minute),
        () => store.compareAndSet('a', null, bytes('1'), minute),
        () => store.increment('n', 1, minute),
      ])
        await expect(write()).rejects.toMatchObject({ code: 'full', applied: 'unknown' })
      expect(await store.get('a', { touch: 5 })).toBeUndefined()
    } finally {
      await admin.config('SET', 'maxmemory', '0')
    }
  })

  it('of another kind of data are wrong-type, for every verb that reads it', async () => {
    const store = open()
    await admin.lpush('list', 'a')
    for (const read of [
      () => store.get('list'),
      () => store.get('list', { touch: minute }),
      () => store.take('list'),
      () => store.increment('list', 1, minute),
      () => store.compareAndSet('list', bytes('a'), bytes('b'), minute),
      () => store.compareAndSet('list', bytes('a'), bytes('b'), minute, { stamp: 1 }),
      () => store.compareAndSet('list', bytes('a'), null),
    ])
      await expect(read()).rejects.toMatchObject({ code: 'wrong-type', key: 'list' })
    expect(await admin.lrange('list', 0, -1)).toEqual(['a'])
  })

  it('show no value, however deep they are looked into', async () => {
    const store = open()
    await admin.lpush('list', 'a')
    const error: unknown = await store
      .compareAndSet('list', bytes('open sesame'), bytes('open barley'), minute)
      .catch((reason: unknown) => reason)
    const text = inspect(error, { depth: 20 })
    expect(text).toContain('WRONGTYPE')
    for (const secret of [
      'sesame',
      bytes('sesame').toString('hex'),
      bytes('sesame').toString('hex').match(/../g)?.join(' '),
    ])
      expect(text).not.toContain(secret)
  })

  it('of a wrong password are denied, at first and later', async () => {
    const locked = await startRedis({ password: 'right' })
    try {
      const store = open(locked.url.replace('right', 'wrong'))
      await expect(store.set('a', bytes('1'), minute)).rejects.toMatchObject({ code: 'denied', applied: 'no' })
      await expect(store.get('a')).rejects.toMatchObject({ code: 'denied' })
      await expect(open(`redis://${locked.host}:${locked.port}`).get('a')).rejects.toMatchObject({ code: 'denied' })
      expect(await open(locked.url).get('a')).toBeUndefined()
    } finally {
      await locked.stop()
    }
  })
})

describe('the client that was passed in', () => {
  it('stays open and unchanged when the store closes', async () => {
    const client = connect()
    const options = { ...client.options }
    const listeners = client.eventNames().map((name) => [name, client.listenerCount(name)])
    const store = createRedisStore(client)
    await store.set('a', bytes('1'), minute)
    await store.close()
    await expect(store.get('a')).rejects.toMatchObject({ code: 'closed' })
    expect(await client.get('a')).toBe('1')
    expect({ ...client.options }).toEqual(options)
    expect(client.eventNames().map((name) => [name, client.listenerCount(name)])).toEqual(listeners)
  })

  it('may answer with integers as text', async () => {
    const store = createRedisStore(connect({ stringNumbers: true }))
    await store.set('a', bytes('1'), Number.POSITIVE_INFINITY)
    expect(await store.touch('a', Number.POSITIVE_INFINITY)).toBe(true)
    expect(await store.ttl(['a', 'b'])).toEqual([Number.POSITIVE_INFINITY, undefined])
    expect(await store.increment('a', 1, minute)).toEqual({ value: 2, ttl: Number.POSITIVE_INFINITY })
    expect(await store.compareAndSet('a', bytes('2'), bytes('3'), minute)).toBe(true)
    expect(await store.delete('a')).toBe(1)
  })

  it('may keep commands for later: values are those of the call', async () => {
    for (const options of [{ lazyConnect: true }, { enableAutoPipelining: true }]) {
      const store = createRedisStore(connect(options))
      const value = bytes('before')
      const written = store.set('a', value, minute)
      const alsoWritten = store.setMany([{ key: 'b', value, ttl: minute }])
      value.fill(0)
      await Promise.all([written, alsoWritten])
      expect((await store.getMany(['a', 'b'])).map(String)).toEqual(['before', 'before'])
    }
  })

  it('may pipeline by itself', async () => {
    for (const Client of [Redis, Redis5 as unknown as typeof Redis]) {
      const client = new Client(server.url, { enableAutoPipelining: true })
      ends.push(() => client.quit())
      const store = createRedisStore(client)
      await store.flush()
      await Promise.all([store.set('a', bytes('1'), minute), store.increment('n', 1, minute)])
      expect(String(await store.get('a', { touch: minute }))).toBe('1')
      expect(await store.compareAndSet('a', bytes('1'), bytes('2'), 'keep')).toBe(true)
      expect(await store.compareAndSet('n', bytes('1'), bytes('x'), 'keep', { stamp: 1 })).toBe(true)
      await expect(store.increment('n', 1, minute)).rejects.toMatchObject({ code: 'not-a-counter', applied: 'no' })
      await client.lpush('list', 'a')
      await expect(store.get('list')).rejects.toMatchObject({ code: 'wrong-type', key: 'list' })
    }
  })

  it('shares its database with other stores on it', async () => {
    const client = connect({ db: 5 })
    await createRedisStore(client).set('a', bytes('1'), minute)
    expect(String(await createRedisStore(client).get('a'))).toBe('1')
    expect(await open(`${server.url}/4`).get('a')).toBeUndefined()
    expect(String(await open(`${server.url}/5`).get('a'))).toBe('1')
  })
})

describe('the own connection', () => {
  it('is ended by close, after what was under way is answered', async () => {
    const store = createRedisStore(server.url)
    const client = getRedis(store)
    const writes = Array.from({ length: 50 }, (_, index) => store.increment('n', index, minute))
    await store.close()
    expect(client.status).toBe('end')
    expect((await Promise.all(writes)).length).toBe(50)
    expect(await admin.get('n')).toBe('1225')
  })

  it('is ended by await using', async () => {
    let client: Redis
    {
      await using store = createRedisStore(server.url)
      client = getRedis(store)
      await store.get('a')
    }
    expect(client.status).toBe('end')
  })

  it('goes through a unix socket when the URL is a path', async () => {
    const path = `/tmp/transient-${process.pid}-${server.port}.sock`
    const local = await startRedis({ args: ['--unixsocket', path] })
    try {
      const store = open(`${path}?db=2`)
      await store.set('a', bytes('1'), minute)
      expect(String(await open(`${local.url}/2`).get('a'))).toBe('1')
    } finally {
      await local.stop()
    }
  })
})
