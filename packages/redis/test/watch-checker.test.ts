import { setTimeout as wait } from 'node:timers/promises'
import { createRedisStore } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { recordWatch } from './recorded-watch.ts'
import { startProxy } from './tcp-proxy.ts'
import { killTracking } from './tracking-clients.ts'

const watchHeartbeat = 100
/** What a machine that is busy with something else may add to the bound. */
const patience = 2000

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

it('after every write that was answered comes its report or a gap within two heartbeats, whatever happens to the connection', async () => {
  const proxy = await startProxy(server.port)
  const admin = new Redis(server.url)
  const writers = [1, 2, 3].map(() => createRedisStore(server.url))
  const watcher = createRedisStore(new Redis({ port: proxy.port, lazyConnect: true }), { watchHeartbeat })
  const watch = await recordWatch(watcher, 'k')
  const first = Math.floor(Math.random() * 2 ** 31)
  let seed = first
  const random = (below: number) => (seed = (seed * 48271 + 11) % 2147483647) % below
  let written = 0

  async function hold(): Promise<void> {
    const held = proxy.connections.at(-1)
    held?.hold()
    await wait(random(3 * watchHeartbeat))
    held?.release()
  }
  const faults: Record<string, () => unknown> = {
    kill: () => killTracking(admin),
    silence: () => proxy.connections.at(-1)?.silence(),
    cut: () => proxy.connections.at(-1)?.cut(),
    hold,
    async pause() {
      server.pause()
      await wait(random(4 * watchHeartbeat))
      server.resume()
    },
    // A busy machine may be too late to arm it within a heartbeat; then it rejects, and the watch that is checked has to go on all the same.
    widen: async () => {
      const wide = await watcher
        .watch('', () => {})
        .catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'timeout' })
        })
      await wide?.[Symbol.asyncDispose]()
    },
    async widenWhileSilent() {
      proxy.connections.at(-1)?.silence()
      await faults['widen']?.()
    },
    async killTwice() {
      await killTracking(admin)
      await wait(random(10))
      await killTracking(admin)
    },
    flush: () => admin.flushdb(),
  }

  async function round(fault: string): Promise<void> {
    const writes: { key: string; begun: number; ended: number }[] = []
    let isOver = false
    // Each key is written once: only its own report counts.
    const write = async (index: number): Promise<void> => {
      while (!isOver) {
        const key = `k${(written += 1)}`
        const begun = performance.now()
        const isWritten = await writers[index]?.set(key, Buffer.from('1'), 60_000).then(
          () => true,
          () => false,
        )
        if (isWritten === true) writes.push({ key, begun, ended: performance.now() })
        await wait(0) // Leaves the machine to others.
      }
    }
    const writing = [0, 1, 2].map(write)
    await wait(random(30))
    await faults[fault]?.()
    await wait(random(50))
    isOver = true
    await Promise.all(writing)

    const reports = new Map<string, number>()
    const missed = () => {
      for (const change of watch.changes)
        if (change.type === 'changed') for (const key of change.keys) reports.set(key, change.at)
      const lastGap = watch.changes.filter((change) => change.type === 'gap').at(-1)?.at ?? 0
      return writes.filter(({ key, begun }) => lastGap < begun && !reports.has(key))
    }
    const bound = Math.max(...writes.map(({ ended }) => ended)) + 2 * watchHeartbeat + patience
    while (missed().length > 0 && performance.now() < bound) await wait(5)
    expect(missed(), `${fault}, seed ${first}`).toEqual([])
    expect(writes.length, fault).toBeGreaterThan(0)
    watch.clear()
  }

  for (let rounds = 0; rounds < 5; rounds += 1)
    for (const fault of Object.keys(faults).sort(() => random(3) - 1)) await round(fault)

  for (const store of [...writers, watcher]) await store.close()
  admin.disconnect()
  proxy.close()
})
