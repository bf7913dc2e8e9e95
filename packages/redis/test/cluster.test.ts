import { setTimeout as wait } from 'node:timers/promises'
import { createRedisStore } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Cluster, Redis } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis-5'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const bytes = (text: string) => Buffer.from(text)
const minute = 60_000

// One node that has all slots refuses commands over several slots as a node of many does.
let server: RedisServer
beforeAll(async () => {
  server = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] })
  const node = new Redis(server.url)
  await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  // The node tells nobody when it has found its cluster to be whole.
  while (!String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await wait(10)
  await node.quit()
})
afterAll(() => server.stop())

const clusters = {
  5: () => new Cluster5([{ host: server.host, port: server.port }]),
  6: () => new Cluster([{ host: server.host, port: server.port }]),
}

describe.each([5, 6] as const)('a store on a Cluster of ioredis %i', (version) => {
  it('goes key by key, whatever slot a key is in', async () => {
    const client = clusters[version]()
    const store = createRedisStore(client)
    const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`)
    const value = bytes('1')
    const written = store.setMany(keys.map((key) => ({ key, value, ttl: minute })))
    value.fill(0)
    await written
    expect((await store.getMany([...keys, 'absent'])).map(String)).toEqual([...keys.map(() => '1'), 'undefined'])
    expect((await store.ttl(keys)).every((left) => left !== undefined && left > 0)).toBe(true)
    expect(await store.increment('key 1', 1, minute)).toMatchObject({ value: 2 })
    expect(await store.compareAndSet('key 2', bytes('1'), bytes('12'), 'keep')).toBe(true)
    expect(await store.compareAndSet('key 2', bytes('1x'), bytes('1y'), minute, { stamp: 1 })).toBe(true)
    expect(String(await store.take('key 2'))).toBe('1y')
    expect(await store.touch('key 3', Number.POSITIVE_INFINITY)).toBe(true)
    expect(await store.delete([...keys, 'key 4'])).toBe(19)
    await client.quit()
  })

  it('says that it cannot list, flush or watch the keys of all nodes', async () => {
    const client = clusters[version]()
    const store = createRedisStore(client)
    await expect(store.flush()).rejects.toMatchObject({ code: 'unsupported', applied: 'no' })
    await expect(store.watch('k', () => {})).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('one node of the cluster') as string,
    })
    await expect(store.scan('')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'unsupported' })
    await client.quit()
  })
})
