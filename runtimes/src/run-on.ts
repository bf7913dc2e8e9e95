import { runHttpConformance } from '@transient/test-utils/http-conformance'
import { type RedisMonitor, type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bundleSite, type SitePage } from './bundle-site.ts'
import { type SiteProcess, startSiteProcess } from './process-world.ts'
import { findRuntime, type Runtime } from './runtime.ts'

/** Declares the HTTP conformance suite for front ends on another runtime, over Redis, with the packages as they were built. */
export function runOn(name: Runtime['name'], pages: Readonly<Record<string, SitePage>>): void {
  vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
  let server: RedisServer
  let monitor: RedisMonitor
  beforeAll(async () => {
    server = await startRedis()
    monitor = await server.monitor()
  })
  afterAll(async () => {
    monitor.stop()
    await server.stop()
  })

  describe.each(Object.entries(pages))(`%s on ${name}`, (_, page) => {
    let site: SiteProcess
    beforeAll(async () => {
      site = startSiteProcess(findRuntime(name), await bundleSite(page), server.url)
      expect(await site.runtime()).toMatch(findRuntime(name).calledItself)
    })
    afterAll(() => site.stop())

    runHttpConformance({ describe, it }, { name: 'over Redis', create: () => site.createWorld(monitor) })
  })
}
