import { createRedisStore } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { heartbeatAnswered, recordWatch } from './recorded-watch.ts'
import { startProxy, type TcpProxy } from './tcp-proxy.ts'
import { killTracking, trackingClients } from './tracking-clients.ts'

let server: RedisServer
let admin: Redis
const ends: (() => unknown)[] = []
const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', note)
  server = await startRedis()
  admin = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  admin.on('error', () => {})
})
beforeEach(() => {
  // The heartbeat is moved by hand; sockets and all other timers are real.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  vi.useRealTimers()
  expect(unhandled).toEqual([])
  while ((await trackingClients(admin)).length > 0) await new Promise(setImmediate)
})
afterAll(async () => {
  process.off('unhandledRejection', note)
  admin.disconnect()
  await server.stop()
})

function open(url = server.url, options = {}) {
  const store = createRedisStore(url, options)
  ends.push(() => store.close())
  return store
}

async function throughProxy(): Promise<{ proxy: TcpProxy; store: ReturnType<typeof open> }> {
  const proxy = await startProxy(server.port)
  ends.push(() => proxy.close())
  const client = new Redis({ port: proxy.port, lazyConnect: true })
  const store = createRedisStore(client)
  ends.push(() => store.close())
  return { proxy, store }
}

/** A turn of the event loop, in which what has arrived is read. */
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe('when the connection of watches is lost', () => {
  it.each([5, 6])(
    'a gap is told at once, one more when it is replaced, and then changes are again (ioredis %i)',
    async (version) => {
      const client = version === 5 ? (new Redis5(server.url) as unknown as Redis) : new Redis(server.url)
      ends.push(() => client.disconnect())
      const store = createRedisStore(client)
      ends.push(() => store.close())
      const watches = [await recordWatch(store, 'k'), await recordWatch(store, 'k1'), await recordWatch(store, 'other')]
      // The connection that was armed for fewer is on its way out.
      while ((await trackingClients(admin)).length > 1) await turn()
      expect(await killTracking(admin)).toBe(1)
      for (const watch of watches) await watch.until(() => watch.gaps() === 2)
      await client.set('k1', '1')
      for (const watch of watches.slice(0, 2)) await watch.until(() => watch.keys().includes('k1'))
      expect(watches.map((watch) => watch.changes.length)).toEqual([3, 3, 2])
    },
  )

  it('nothing is missed between: what was written meanwhile is before the second gap, or reported', async () => {
    const store = open()
    const watch = await recordWatch(store, 'k')
    for (let round = 0; round < 30; round += 1) {
      watch.clear()
      const killing = killTracking(admin)
      const key = `k${round}`
      // Wherever in the loss and the arming this falls.
      for (let turns = 0; turns < round; turns += 1) await turn()
      await store.set(key, Buffer.from('1'), 60_000)
      await killing
      await watch.until(() => watch.gaps() === 2)
      const covered = watch.changes.some((change) => change.type === 'gap' || change.keys.includes(key))
      expect(covered).toBe(true)
    }
  })

  it('a server that says nothing is found out by the second heartbeat, and not by the first', async () => {
    const store = open()
    const watch = await recordWatch(store, 'k')
    server.pause()
    vi.advanceTimersByTime(1000)
    await turn()
    expect(watch.gaps()).toBe(0)
    vi.advanceTimersByTime(1000)
    await watch.until(() => watch.gaps() === 1)
    // As long as nothing is armed, each heartbeat brings one.
    vi.advanceTimersByTime(3000)
    expect(watch.gaps()).toBe(4)
    server.resume()
    await watch.until(() => watch.gaps() === 5)
    await admin.set('k', '1')
    await watch.until(() => watch.keys().includes('k'))
    vi.advanceTimersByTime(1000)
    await turn()
    expect(watch.gaps()).toBe(5)
  })

  it('watchHeartbeat says how often it is looked', async () => {
    const store = open(server.url, { watchHeartbeat: 70 })
    const watch = await recordWatch(store, 'k')
    server.pause()
    vi.advanceTimersByTime(139)
    await turn()
    expect(watch.gaps()).toBe(0)
    vi.advanceTimersByTime(1)
    await watch.until(() => watch.gaps() === 1)
    server.resume()
    await watch.until(() => watch.gaps() === 2)
  })

  it('a server that answers late, but before the next heartbeat is due, is as good as before', async () => {
    const store = open()
    const watch = await recordWatch(store, 'k')
    for (let round = 0; round < 3; round += 1) {
      server.pause()
      vi.advanceTimersByTime(1000)
      server.resume()
      await admin.set('k', String(round))
      await watch.until(() => watch.keys().length === round + 1)
      await heartbeatAnswered(store, 'k')
    }
    expect(watch.gaps()).toBe(0)
  })

  it('a connection that leads nowhere is found out too, whatever the sockets say', async () => {
    const { proxy, store } = await throughProxy()
    const watch = await recordWatch(store, 'k')
    proxy.connections[0]?.silence()
    await admin.set('k', '1')
    vi.advanceTimersByTime(2000)
    await watch.until(() => watch.gaps() === 2)
    expect(watch.keys()).toEqual([])
    await admin.set('k', '1')
    await watch.until(() => watch.keys().includes('k'))
  })

  it('a server that was restarted is watched as before', async () => {
    const store = open()
    const watch = await recordWatch(store, 'k')
    await server.restart()
    await watch.until(() => watch.gaps() >= 2)
    await admin.set('k', '1')
    await watch.until(() => watch.keys().includes('k'))
    const before = watch.gaps()
    await server.kill()
    await watch.until(() => watch.gaps() > before)
    watch.clear()
    for (let beats = 1; beats <= 3; beats += 1) {
      vi.advanceTimersByTime(1000)
      expect(watch.gaps()).toBe(beats)
    }
    await expect(store.watch('other', () => {})).rejects.toMatchObject({ code: 'unavailable' })
    await server.restart()
    await watch.until(() => watch.gaps() === 4)
    await admin.set('k', '1')
    await watch.until(() => watch.keys().includes('k'))
  })

  it('attempts go on while the server refuses them', async () => {
    await admin.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>pw', '~*', '+@all', '&*')
    const store = open(server.url.replace('//', '//app:pw@'))
    const watch = await recordWatch(store, 'k')
    await admin.call('ACL', 'SETUSER', 'app', '-client|tracking')
    await killTracking(admin)
    await watch.until(() => watch.gaps() === 1)
    vi.advanceTimersByTime(2000)
    expect(watch.gaps()).toBe(3)
    await expect(store.watch('k', () => {})).rejects.toMatchObject({ code: 'unsupported' })
    await admin.call('ACL', 'SETUSER', 'app', '+client|tracking')
    await watch.until(() => watch.gaps() === 4)
    await admin.set('k', '1')
    await watch.until(() => watch.keys().includes('k'))
  })

  it('a watch that begins in an outage waits for its own attempt, and ends no other', async () => {
    const store = open()
    const watch = await recordWatch(store, 'k')
    await server.kill()
    await watch.until(() => watch.gaps() === 1)
    await expect(store.watch('', () => {})).rejects.toMatchObject({ code: 'unavailable' })
    await server.restart()
    const late = await recordWatch(store, 'late')
    await watch.until(() => watch.gaps() === 2)
    await admin.mset('k', '1', 'late', '1')
    await watch.until(() => watch.keys().includes('k'))
    await late.until(() => late.keys().includes('late'))
    expect(late.gaps()).toBe(0)
  })

  it('a watch that ends in an outage ends the attempts, and close does', async () => {
    const store = open()
    const watch = await recordWatch(store, 'k')
    await server.kill()
    await watch.until(() => watch.gaps() === 1)
    await watch.end()
    vi.advanceTimersByTime(5000)
    await server.restart()
    expect(vi.getTimerCount()).toBe(1) // The store looks after its own connection.
    expect(await trackingClients(admin)).toEqual([])
    const second = await recordWatch(store, 'k')
    await server.kill()
    await second.until(() => second.gaps() === 1)
    await store.close()
    await server.restart()
    await admin.set('k', '1')
    expect(vi.getTimerCount()).toBe(0)
    expect([watch.gaps(), second.changes.length]).toEqual([1, 1])
  })
})

describe('when another set of prefixes needs another connection', () => {
  it('the old one is let go only when what it still has to tell was heard', async () => {
    const { proxy, store } = await throughProxy()
    const watch = await recordWatch(store, 'k')
    proxy.connections[0]?.hold()
    await admin.set('k1', '1')
    const all = await recordWatch(store, '')
    expect(proxy.connections).toHaveLength(2)
    expect(watch.changes).toEqual([])
    proxy.connections[0]?.release()
    await watch.until(() => watch.keys().includes('k1'))
    while ((await trackingClients(admin)).length > 1) await turn()
    expect([watch.gaps(), all.gaps()]).toEqual([0, 0])
  })

  it('and if that is not heard within a heartbeat, there is a gap', async () => {
    const { proxy, store } = await throughProxy()
    const watch = await recordWatch(store, 'k')
    proxy.connections[0]?.silence()
    await admin.set('k1', '1')
    const all = await recordWatch(store, '')
    await watch.until(() => watch.gaps() === 1)
    await all.until(() => all.gaps() === 1)
    expect(watch.keys()).toEqual([])
  })

  it('and if it is lost before, there is a gap', async () => {
    const { proxy, store } = await throughProxy()
    const watch = await recordWatch(store, 'k')
    proxy.connections[0]?.hold()
    await admin.set('k1', '1')
    const all = await recordWatch(store, '')
    expect(watch.changes).toEqual([])
    proxy.connections[0]?.cut()
    await watch.until(() => watch.gaps() === 1)
    await all.until(() => all.gaps() === 1)
    expect(watch.keys()).toEqual([])
    await admin.set('k2', '1')
    await watch.until(() => watch.keys().includes('k2'))
    expect([watch.gaps(), all.gaps()]).toEqual([1, 1])
  })

  it('a loss of the old one while the new one is being armed is a gap before and after', async () => {
    const { proxy, store } = await throughProxy()
    const watch = await recordWatch(store, 'k')
    server.pause()
    const starting = recordWatch(store, '')
    while (proxy.connections.length < 2) await turn()
    vi.advanceTimersByTime(2000)
    await watch.until(() => watch.gaps() === 1)
    server.resume()
    const all = await starting
    await watch.until(() => watch.gaps() === 2)
    await admin.set('k', '1')
    await watch.until(() => watch.keys().includes('k'))
    await all.until(() => all.keys().includes('k'))
  })
})
