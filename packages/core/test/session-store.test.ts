import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createSessionStore, type SessionStoreOptions } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { caught } from './caught.ts'
import { secret } from './shop.ts'

const run = promisify(execFile)

describe('createSessionStore', () => {
  const wrong: [string, Record<string, unknown>][] = [
    ['secrets', { secrets: undefined }],
    ['secrets', { secrets: [] }],
    ['secrets', { secrets: '' }],
    ['secrets', { secrets: 'short' }],
    ['secrets', { secrets: [secret, secret] }],
    ['secrets', { secrets: [secret, ''] }],
    ['idleTimeout', { idleTimeout: 0 }],
    ['idleTimeout', { idleTimeout: '5 minuts' }],
    ['idleTimeout', { idleTimeout: Number.NaN }],
    ['idleTimeout', { idleTimeout: '13h' }],
    ['idleTimeout', { idleTimeout: '2h', absoluteTimeout: '1h' }],
    ['idleTimeout', { idleTimeout: Number.POSITIVE_INFINITY }],
    ['absoluteTimeout', { absoluteTimeout: '36501d' }],
    ['absoluteTimeout', { absoluteTimeout: Number.POSITIVE_INFINITY }],
    ['absoluteTimeout', { absoluteTimeout: -1 }],
    ['renewGrace', { renewGrace: 0 }],
    ['renewGrace', { renewGrace: '13h' }],
    ['deadline', { deadline: '0ms' }],
    ['deadline', { deadline: Number.POSITIVE_INFINITY }],
    ['deadline', { deadline: 2 ** 31 }],
    ['key', { prefix: '\uD800' }],
    ['key', { prefix: 5 }],
  ]
  test.each(wrong)('refuses a wrong %s, by its name, at creation: %o', (name, options) => {
    const error = caught(() => createSessionStore(createMemoryStore(), { secrets: secret, ...options }))
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining(name) as string })
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true)
  })

  test('takes what is right, to the limits', () => {
    const right: Partial<SessionStoreOptions>[] = [
      {},
      { secrets: [secret, `${secret}2`] },
      { idleTimeout: '12h' },
      { idleTimeout: '400d', absoluteTimeout: '400d', renewGrace: '400d' },
      { idleTimeout: 1, absoluteTimeout: 1, renewGrace: 1, deadline: 1 },
      { prefix: '' },
      { deadline: '24d' },
    ]
    for (const options of right)
      expect(() => createSessionStore(createMemoryStore(), { secrets: secret, ...options })).not.toThrow()
  })

  test('has the defaults it documents', async () => {
    const store = createMemoryStore()
    const before = Date.now()
    const session = await createSessionStore(store, { secrets: secret }).load()
    session.data['a'] = 1
    await session.commit()
    const keys: string[] = []
    for await (const batch of store.scan('')) keys.push(...batch)
    expect(keys).toEqual([expect.stringMatching(/^session:[\w-]{43}$/)])
    const [idle] = await store.ttl(keys)
    expect(idle).toBeGreaterThan(1_799_000)
    expect(idle).toBeLessThanOrEqual(1_800_000)
    expect((session.expiresAt as number) - before).toBeGreaterThanOrEqual(12 * 3_600_000)
    expect((session.expiresAt as number) - before).toBeLessThan(12 * 3_600_000 + 5000)
  })

  test('keeps sessions of two prefixes apart, though their secret is the same', async () => {
    const store = createMemoryStore()
    const one = await createSessionStore(store, { secrets: secret, prefix: 'one:' }).load()
    one.data['a'] = 1
    await one.commit()
    expect((await createSessionStore(store, { secrets: secret, prefix: 'two:' }).load(one.token)).isNew).toBe(true)
  })

  test('types the data of its sessions', async () => {
    const sessions = createSessionStore<{ cart: string[]; count: number }>(createMemoryStore(), { secrets: secret })
    const session = await sessions.load()
    expectTypeOf(session.data.cart).toEqualTypeOf<string[] | undefined>()
    expectTypeOf(await session.update('count', (count = 0) => count + 1)).toEqualTypeOf<number>()
    // @ts-expect-error there is no such field
    expect(session.data.basket).toBeUndefined()
    // @ts-expect-error a count is a number
    session.data.count = 'one'
    // @ts-expect-error there is no such field
    await session.update('basket', () => 1)
    // @ts-expect-error secrets are needed
    expect(() => createSessionStore(createMemoryStore(), {})).toThrow(TypeError)
    const loose = await createSessionStore(createMemoryStore(), { secrets: secret }).load()
    expectTypeOf(loose.data['anything']).toEqualTypeOf<unknown>()
  })

  test('keeps no process alive', async () => {
    const { build } = await import('esbuild')
    const { outputFiles } = await build({
      stdin: {
        contents: `
          import { createSessionStore } from './src/index.ts'
          const never = () => new Promise(() => {})
          const store = { get: never, set: never, take: never, compareAndSet: never }
          const sessions = createSessionStore(store, { secrets: '${secret}', deadline: '1m' })
          const session = sessions.open()
          session.update('a', () => 1)`,
        resolveDir: new URL('..', import.meta.url).pathname,
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
    })
    // A real process: whether it ends cannot be seen from within.
    await run(process.execPath, ['--input-type=module', '-e', outputFiles[0]?.text ?? ''], { timeout: 10_000 })
  })
})
