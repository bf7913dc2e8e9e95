import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createLoad } from '../../src/http/load.ts'
import type { HttpVerb } from '../../src/http/page.ts'
import { serveOrder } from '../../src/http/serve.ts'
import { type Framework, frameworks, type Keeper } from '../../src/http/server-order.ts'
import type { SessionShape } from '../../src/http/session-shape.ts'

// A whole framework is read and compiled before its first answer.
vi.setConfig({ testTimeout: 30_000 })

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** Asks a server as the benchmark does; gives the commands that 8 requests took, sorted. */
async function ask(
  framework: Framework,
  keeper: Keeper,
  verb: HttpVerb,
  shape: SessionShape,
): Promise<readonly string[]> {
  const served = await serveOrder({ framework, keeper, shape, connection: { url: redis.url, ioredis: 6, own: false } })
  try {
    const load = await createLoad({ port: served.port, verb, shape, sessionless: keeper === 'none', connections: 2 })
    try {
      // Once uncounted: the first use of a script also sends its text.
      await load.run(8)
      const monitor = await redis.monitor()
      await load.run(8)
      const names = (await monitor.commands()).map(({ name }) => name).sort()
      monitor.stop()
      return names
    } finally {
      load.close()
    }
  } finally {
    await served.close()
  }
}

function times(count: number, ...names: string[]): string[] {
  return Array.from({ length: count }, () => names)
    .flat()
    .sort()
}

const text: SessionShape = { layout: 'text', bytes: 200 }
const fields: SessionShape = { layout: 'fields', bytes: 2048 }

describe.each(frameworks)('%s', (framework) => {
  test('ours reads with one command and writes with one more', async () => {
    expect(await ask(framework, 'ours', 'read', text)).toEqual(times(8, 'GETEX'))
    expect(await ask(framework, 'ours', 'read every field', fields)).toEqual(times(8, 'GETEX'))
    expect(await ask(framework, 'ours', 'write', fields)).toEqual(times(8, 'EVALSHA', 'GETEX'))
  })

  test('by hand the same commands are sent, or SET in place of the script', async () => {
    expect(await ask(framework, 'by hand', 'read', text)).toEqual(times(8, 'GETEX'))
    expect(await ask(framework, 'by hand', 'read every field', fields)).toEqual(times(8, 'GETEX'))
    expect(await ask(framework, 'by hand', 'write', fields)).toEqual(times(8, 'GETEX', 'SET'))
    expect(await ask(framework, 'by hand, same script', 'write', text)).toEqual(times(8, 'EVALSHA', 'GETEX'))
  })

  test('without sessions nothing is sent', async () => {
    expect(await ask(framework, 'none', 'read', text)).toEqual([])
    expect(await ask(framework, 'none', 'write', text)).toEqual([])
  })
})

test('express-session reads with two commands, and writes with two', async () => {
  expect(await ask('express', 'peer', 'read', text)).toEqual(times(8, 'EXPIRE', 'GET'))
  expect(await ask('express', 'peer', 'write', fields)).toEqual(times(8, 'GET', 'SET'))
})

test('@fastify/session, with its defaults, writes on every read', async () => {
  expect(await ask('fastify', 'peer', 'read', text)).toEqual(times(8, 'GET', 'SET'))
  expect(await ask('fastify', 'peer', 'write', fields)).toEqual(times(8, 'GET', 'SET'))
})

test('a framework that has no peer here says so', async () => {
  await expect(ask('koa', 'peer', 'read', text)).rejects.toThrow('koa has no peer here')
})
