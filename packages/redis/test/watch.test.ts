import { createServer } from 'node:net'
import { withDeadline, withPrefix } from '@transient/core'
import { isWatchable } from '@transient/core/store'
import { createRedisStore, type RedisClient } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { heartbeatAnswered, type RecordedWatch, recordWatch } from './recorded-watch.ts'
import { startProxy } from './tcp-proxy.ts'
import { trackingClients } from './tracking-clients.ts'

const bytes = (text: string) => Buffer.from(text)
const minute = 60_000
const socket = `/tmp/transient-watch-${process.pid}.sock`

let server: RedisServer
let admin: Redis
const ends: (() => unknown)[] = []

beforeAll(async () => {
  server = await startRedis({ args: ['--unixsocket', socket] })
  admin = new Redis(server.url)
})
beforeEach(() => admin.flushall())
afterEach(async () => {
  vi.useRealTimers()
  for (const end of ends.splice(0).reverse()) await end()
  // Nothing that a test opened may still track: it would be told of what the next one does.
  while ((await trackingClients(admin)).length > 0) await new Promise(setImmediate)
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

function open(url = server.url, options = {}) {
  const store = createRedisStore(url, options)
  ends.push(() => store.close())
  return store
}

function connect(options = {}) {
  const client = new Redis(server.url, options)
  ends.push(() => client.disconnect())
  return client
}

async function eventually(passes: () => Promise<boolean>): Promise<void> {
  while (!(await passes())) await new Promise(setImmediate)
}

/** A turn of the event loop, in which what has arrived is read. */
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** The prefixes of each CLIENT TRACKING that was sent. */
async function trackings(monitor: Awaited<ReturnType<RedisServer['monitor']>>): Promise<string[][]> {
  const commands = await monitor.commands()
  return commands
    .filter(({ name, args }) => name === 'CLIENT' && args[0] === 'tracking')
    .map(({ args }) => args.filter((_, index) => args[index - 1] === 'prefix'))
}

describe('the connection of watches', () => {
  it('is opened at the first watch, shared by all, and closed with the last', async () => {
    const store = open()
    await store.get('k')
    expect(await trackingClients(admin)).toEqual([])
    const first = await recordWatch(store, 'a')
    const second = await recordWatch(store, 'b')
    const third = await recordWatch(store, 'ab')
    await eventually(async () => (await trackingClients(admin)).length === 1)
    await first.end()
    await second.end()
    await store.set('ab', bytes('1'), minute)
    await third.told('ab')
    expect(await trackingClients(admin)).toHaveLength(1)
    await third.end()
    await third.end()
    await eventually(async () => (await trackingClients(admin)).length === 0)
    const again = await recordWatch(store, 'a')
    await store.set('a', bytes('1'), minute)
    await again.told('a')
    for (const watch of [first, second, third, again]) expect(watch.gaps()).toBe(0)
  })

  it('is closed by close, which no listener hears of, and which leaves no watch to begin', async () => {
    const store = open()
    const watch = await recordWatch(store, '')
    const starting = recordWatch(store, 'later')
    starting.catch(() => {})
    await store.close()
    await expect(starting).rejects.toMatchObject({ code: 'closed', operation: 'watch' })
    await expect(store.watch('', () => {})).rejects.toMatchObject({ code: 'closed', operation: 'watch' })
    await eventually(async () => (await trackingClients(admin)).length === 0)
    await admin.set('k', '1')
    await watch.end()
    expect(watch.changes).toEqual([])
  })

  it('is never that of the caller, which stays as it was', async () => {
    for (const client of [connect(), new Redis5(server.url)]) {
      ends.push(() => client.disconnect())
      const store = createRedisStore(client as RedisClient as Redis)
      ends.push(() => store.close())
      const watch = await recordWatch(store, 'k')
      const id = String(await (client as Redis).call('client', 'id'))
      expect(await trackingClients(admin)).not.toContain(id)
      await (client as Redis).set('k', '1')
      await watch.told('k')
      expect(watch.gaps()).toBe(0)
      await store.close()
      expect(await client.ping()).toBe('PONG')
    }
  })

  it('has the options of the client: its password and user, its database, its socket, though it was not connected yet', async () => {
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', '&*')
    const clients = [
      connect({ lazyConnect: true, username: 'app', password: 'secret', db: 2 }),
      connect({ enableOfflineQueue: true, enableAutoPipelining: true, maxRetriesPerRequest: null, db: 2 }),
      new Redis(socket, { db: 2 }),
      new Redis5({ path: socket, db: 2, lazyConnect: true }) as unknown as Redis,
    ]
    for (const client of clients) {
      ends.push(() => client.disconnect())
      const store = createRedisStore(client)
      ends.push(() => store.close())
      const watch = await recordWatch(store, 'k')
      await store.set('k', bytes('1'), minute)
      await watch.told('k')
      expect(watch.gaps()).toBe(0)
      await store.close()
    }
    const users = open(server.url.replace('//', '//app:secret@'))
    const watch = await recordWatch(users, 'k')
    expect(String(await admin.call('CLIENT', 'LIST'))).toMatch(/ flags=\w*t\w* .* user=app /)
    await users.set('k', bytes('2'), minute)
    await watch.told('k')
  })

  it('tracks at most 64 prefixes, and ones that are alike no longer one by one', async () => {
    const store = open()
    const monitor = await server.monitor()
    ends.push(() => monitor.stop())
    const ids = Array.from({ length: 64 }, (_, index) => `session:${index.toString(16).padStart(2, '0')}`)
    const watches = await Promise.all(ids.map((id) => recordWatch(store, id)))
    expect((await trackings(monitor)).at(-1)).toEqual(ids)
    watches.push(await recordWatch(store, 'session:xx'))
    expect((await trackings(monitor)).at(-1)).toEqual([
      'session:0',
      'session:1',
      'session:2',
      'session:3',
      'session:xx',
    ])
    await monitor.clear()
    const more = ids.map((id) => recordWatch(store, `${id}:more`))
    watches.push(...(await Promise.all(more)))
    expect(await trackings(monitor)).toEqual([])
    await store.set('session:0f', bytes('1'), minute)
    await watches[15]?.told('session:0f')
    expect(watches.map((watch) => watch.changes.length).filter((count) => count > 0)).toEqual([1])
  })

  it('tracks less again, one heartbeat after a watch has ended', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const store = open()
    const monitor = await server.monitor()
    ends.push(() => monitor.stop())
    const kept = await recordWatch(store, 'kept')
    const all = await recordWatch(store, '')
    await all.end()
    await monitor.clear()
    vi.advanceTimersByTime(1000)
    await eventually(async () => (await trackings(monitor)).length > 0)
    expect(await trackings(monitor)).toEqual([['kept']])
    await eventually(async () => (await trackingClients(admin)).length === 1)
    vi.advanceTimersByTime(1000)
    await store.set('kept', bytes('1'), minute)
    await kept.told('kept')
    await heartbeatAnswered(store, 'kept')
    expect(await trackings(monitor)).toHaveLength(1)
    // What others still watch, or a longer prefix, changes nothing.
    await (await recordWatch(store, 'kept')).end()
    await (await recordWatch(store, 'kept:longer')).end()
    vi.advanceTimersByTime(1000)
    await turn()
    expect(await trackings(monitor)).toHaveLength(1)
    expect(kept.gaps()).toBe(0)
  })
})

describe('what is reported', () => {
  it('is nothing twice or too little while watches with overlapping prefixes come and go beside writes', async () => {
    const store = open()
    const names = ['', 'a', 'ab', 'abc', 'b', 'a*', 'abc:d', 'abd', 'c', 'ab']
    let isOver = false
    let written = 0
    const write = async (): Promise<void> => {
      while (!isOver) {
        written += 1
        await store.set(`abc:d:${written}`, bytes('1'), minute)
      }
    }
    const writing = write()
    const runs = names.map(async (prefix, index) => {
      for (let round = 0; round < 12; round += 1) {
        const watch = await recordWatch(store, prefix)
        const first = written + 1
        await eventually(async () => written > first + 5 + ((index * 7 + round * 3) % 11))
        const last = written - 1
        const matching = Array.from({ length: last - first + 1 }, (_, step) => `abc:d:${first + step}`).filter((key) =>
          key.startsWith(prefix),
        )
        await watch.until(() => matching.every((key) => watch.keys().includes(key)))
        expect(watch.gaps(), prefix).toBe(0)
        expect(watch.keys().every((key) => key.startsWith(prefix))).toBe(true)
        await watch.end()
      }
    })
    await Promise.all(runs)
    isOver = true
    await writing
  })

  it('goes by the prefix, character by character', async () => {
    const store = open()
    const prefixes = [
      'a*',
      '[a-z]',
      '?',
      '\\',
      '"',
      "'",
      ' a b ',
      '\n',
      '\0',
      'é',
      '😀',
      '__redis__:invalidate',
      'prefix',
      'bcast',
    ]
    const watches = await Promise.all(prefixes.map((prefix) => recordWatch(store, prefix)))
    for (const key of ['abc', 'A', 'x', ' a', '\ud83d\ude01', ...prefixes.map((prefix) => `${prefix}1`)])
      await store.set(key, bytes('1'), minute)
    for (const [index, watch] of watches.entries()) {
      await watch.told(`${prefixes[index]}1`)
      expect(watch.changes.map(({ at: _, ...change }) => change)).toEqual([
        { type: 'changed', keys: [`${prefixes[index]}1`] },
      ])
    }
  })

  it('begins when the promise resolves: what was done before is told to older watches only', async () => {
    const proxy = await startProxy(server.port)
    ends.push(() => proxy.close())
    const store = createRedisStore(new Redis({ port: proxy.port, lazyConnect: true }))
    ends.push(() => store.close())
    const older = await recordWatch(store, 'k')
    proxy.connections[0]?.hold()
    await admin.set('k1', '1')
    const starting = recordWatch(store, 'k')
    proxy.connections[0]?.release()
    const younger = await starting
    await admin.set('k2', '1')
    await younger.told('k2')
    expect(older.keys()).toEqual(['k1', 'k2'])
    expect(younger.keys()).toEqual(['k2'])
  })

  it('leaves out keys that are not UTF-8', async () => {
    const watch = await recordWatch(open(), 'k')
    await admin.mset(Buffer.from([0x6b, 0xff]), '1', 'k1', '1')
    await watch.told('k1')
    await admin.set(Buffer.from([0x6b, 0xc3]), '1')
    await admin.set('k2', '1')
    await watch.told('k2')
    expect(watch.keys()).toEqual(['k1', 'k2'])
  })

  it('is what anybody did, by scripts, transactions and other commands too', async () => {
    const watch = await recordWatch(open(), 'k')
    await admin.eval("redis.call('SET', 'k1', 1) redis.call('DEL', 'k1')", 0)
    await admin.multi().set('k2', 1).rename('k2', 'k3').exec()
    await admin.hset('k4', 'f', 1)
    for (const key of ['k1', 'k2', 'k3', 'k4']) await watch.told(key)
    expect(watch.gaps()).toBe(0)
  })

  it('is a gap when a database was flushed, this one or another', async () => {
    const watch = await recordWatch(open(), 'k')
    await admin.flushdb()
    await watch.until(() => watch.gaps() === 1)
    await admin.flushall()
    await watch.until(() => watch.gaps() === 2)
    const other = connect({ db: 5 })
    await other.flushdb()
    await watch.until(() => watch.gaps() === 3)
    expect(watch.keys()).toEqual([])
  })

  it('includes keys of that name in other databases', async () => {
    const watch = await recordWatch(open(`${server.url}/1`), 'k')
    await connect({ db: 5 }).set('k5', '1')
    await watch.told('k5')
    expect(watch.gaps()).toBe(0)
  })

  it('includes what the server evicts', async () => {
    const watch = await recordWatch(open(), 'old')
    await admin.set('old', Buffer.alloc(100_000))
    await watch.told('old')
    watch.clear()
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await admin.config('SET', 'maxmemory', '1')
    await watch.told('old').finally(() => admin.config('SET', 'maxmemory', '0'))
    expect(watch.gaps()).toBe(0)
  })

  it('goes through decorators, which leave the ability to what lacks it', async () => {
    const store = withDeadline(withPrefix(open(), 'app:'), 5000)
    const watch = await recordWatch(store, 'k')
    await store.set('k', bytes('1'), minute)
    await watch.told('k')
    expect(watch.keys()).toEqual(['k'])
    const bare: RedisClient = { status: 'ready', callBuffer: async () => null }
    expect(isWatchable(createRedisStore(bare))).toBe(false)
    expect(isWatchable(withPrefix(createRedisStore(bare), 'a'))).toBe(false)
  })

  it('stays away from one listener that throws, of which the process is warned once', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = open()
    await store.watch('k', () => {
      throw new Error('of the listener')
    })
    const watch = await recordWatch(store, 'k')
    for (const key of ['k1', 'k2']) {
      await store.set(key, bytes('1'), minute)
      await watch.told(key)
    }
    expect(warn.mock.calls).toEqual([[expect.stringContaining('of the listener'), 'TransientWarning']])
    warn.mockRestore()
  })
})

describe('a watch that cannot be', () => {
  const failing = (store: { watch(prefix: string, listener: () => void): Promise<unknown> }) =>
    store.watch('k', () => {})

  async function user(name: string, ...rules: string[]): Promise<string> {
    await admin.call('ACL', 'SETUSER', name, 'reset', 'on', '>pw', '~*', '+@all', '&*', ...rules)
    return server.url.replace('//', `//${name}:pw@`)
  }

  it('is unsupported where the user may not have what it needs, and then nothing is left open', async () => {
    for (const rules of [['-client|id'], ['-client|tracking'], ['-subscribe'], ['resetchannels']]) {
      const store = open(await user('limited', ...rules))
      await expect(failing(store), rules.join()).rejects.toMatchObject({
        name: 'TransientError',
        code: 'unsupported',
        operation: 'watch',
        message: expect.stringContaining('__redis__:invalidate') as string,
      })
      await store.set('k', bytes('1'), minute)
      await store.close()
    }
    expect(String(await admin.client('LIST'))).not.toContain('user=limited')
  })

  it('needs only CLIENT ID, CLIENT TRACKING, and SUBSCRIBE to one channel', async () => {
    const rules = ['-@all', '+client|id', '+client|tracking', '+subscribe', 'resetchannels', '&__redis__:invalidate']
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await user('frugal', ...rules)
    const warn = vi.spyOn(console, 'warn')
    const client = connect({ username: 'frugal', password: 'pw', lazyConnect: true })
    const store = createRedisStore(client)
    ends.push(() => store.close())
    const watch = await recordWatch(store, 'k')
    for (let beats = 0; beats < 4; beats += 1) {
      vi.advanceTimersByTime(1000)
      await admin.set('k', '1')
      await watch.until(() => watch.keys().length === beats + 1)
      await heartbeatAnswered(store, 'k')
    }
    expect(watch.gaps()).toBe(0)
    // ioredis would say so if it had asked for INFO, to see whether the server is ready.
    expect(warn).not.toHaveBeenCalled()
  })

  it('is unsupported where the server does not know the command', async () => {
    const old = await startRedis({ args: ['--rename-command', 'CLIENT', ''] })
    ends.push(() => old.stop())
    await expect(failing(open(old.url))).rejects.toMatchObject({ code: 'unsupported' })
    for (const refusal of ['Unknown subcommand or wrong number of arguments', 'not through this proxy']) {
      const proxy = createServer((connection) => {
        connection.on('data', (data) => {
          for (const command of String(data).split(/(?=\*\d)/)) {
            if (/tracking/i.test(command)) connection.write(`-ERR ${refusal}\r\n`)
            else connection.write(/\bid\b/i.test(command) ? ':1\r\n' : '+OK\r\n')
          }
        })
      })
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
      ends.push(() => proxy.close())
      const { port } = proxy.address() as { port: number }
      await expect(failing(open(`redis://127.0.0.1:${port}`))).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining(refusal) as string,
      })
    }
  })

  it('is denied with a wrong password, or with none', async () => {
    const locked = await startRedis({ password: 'secret' })
    ends.push(() => locked.stop())
    for (const url of [locked.url.replace('secret', 'wrong'), locked.url.replace(':secret@', '')]) {
      const store = open(url)
      await expect(failing(store), url).rejects.toMatchObject({ code: 'denied', operation: 'watch' })
      await store.close()
    }
    const watch = await recordWatch(open(locked.url), 'k')
    expect(watch.changes).toEqual([])
  })

  it('is unavailable where nothing listens, and a timeout where nothing answers; the next one may succeed', async () => {
    const server2 = await startRedis()
    ends.push(() => server2.stop())
    const store = open(server2.url, { connectTimeout: 300 })
    await store.get('k')
    await server2.kill()
    await expect(failing(store)).rejects.toMatchObject({ code: 'unavailable', operation: 'watch' })
    const silent = createServer((connection) => void ends.push(() => connection.destroy()))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    ends.push(() => silent.close())
    const { port } = silent.address() as { port: number }
    await expect(failing(open(`redis://127.0.0.1:${port}`, { connectTimeout: 100 }))).rejects.toMatchObject({
      code: 'timeout',
      operation: 'watch',
    })
    const client = new Redis({ port, lazyConnect: true, connectTimeout: 100 })
    ends.push(() => client.disconnect())
    await expect(failing(createRedisStore(client))).rejects.toMatchObject({ code: 'timeout' })
    await server2.restart()
    const watch: RecordedWatch = await recordWatch(store, 'k')
    expect(watch.changes).toEqual([])
  })

  it('is closed at once by close, however long an attempt may take', async () => {
    const silent = createServer((connection) => void ends.push(() => connection.destroy()))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    ends.push(() => silent.close())
    const { port } = silent.address() as { port: number }
    const client = new Redis({ port, lazyConnect: true, connectTimeout: 120_000 })
    ends.push(() => client.disconnect())
    const store = createRedisStore(client)
    const starting = failing(store)
    starting.catch(() => {})
    await new Promise((resolve) => silent.once('connection', resolve))
    await store.close()
    await expect(starting).rejects.toMatchObject({ code: 'closed' })
  })

  it('does not disturb the watches that are', async () => {
    const name = await user('fading')
    const store = open(name)
    const watch = await recordWatch(store, 'k')
    // Takes the connection's permissions away for what comes, without ending it.
    await admin.call('ACL', 'SETUSER', 'fading', '-client|tracking')
    await expect(store.watch('', () => {})).rejects.toMatchObject({ code: 'unsupported' })
    await admin.set('k', '1')
    await watch.told('k')
    expect(watch.gaps()).toBe(0)
    await (await recordWatch(store, 'k2')).end()
    await watch.end()
    await eventually(async () => (await trackingClients(admin)).length === 0)
  })

  it('leaves nothing behind', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const store = createRedisStore(new Redis({ port: 1, lazyConnect: true }))
    await expect(failing(store)).rejects.toMatchObject({ code: 'unavailable' })
    expect(vi.getTimerCount()).toBe(0)
  })
})
