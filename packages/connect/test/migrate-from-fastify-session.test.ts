import type { InspectableStore } from '@transient/core'
import { createRedisStore } from '@transient/redis'
import { type RedisServer, startRedis } from '@transient/test-utils/redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openGuide, readGuide } from './guide.ts'
import { createVisitor } from './visitor.ts'

const steps = { before: 'Before', store: 'Step 1: the store', next: 'Step 2: the plugin' }

let redis: RedisServer
let store: InspectableStore
let guide: Awaited<ReturnType<typeof openGuide>>
beforeAll(async () => {
  redis = await startRedis()
  store = createRedisStore(redis.url)
  guide = await openGuide('migrate-from-fastify-session.md', redis.url, Object.values(steps))
}, 60_000)
beforeEach(() => store.flush())
afterAll(async () => {
  await guide.stop()
  await store.close()
  await redis.stop()
})

/** Where the three programs listen. */
function origins() {
  const [before = '', swapped = '', next = ''] = guide.origins
  return { before, swapped, next }
}

async function oldKeys() {
  const found: string[] = []
  for await (const batch of store.scan('sess:')) found.push(...batch)
  return found
}

describe('the guide from @fastify/session', () => {
  it('shows the two lines of step 1 as they are in its programs', async () => {
    const programs = await readGuide('migrate-from-fastify-session.md')
    const lines = (heading: string) =>
      (programs.get(heading) ?? '').split('\n').filter((line) => !line.startsWith('import'))
    const [before, after] = [lines(steps.before), lines(steps.store)]
    expect(before.filter((line) => !after.includes(line))).toEqual([
      "const client = createClient({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379/1' })",
      'await client.connect()',
      '  store: new RedisStore({ client }) as never,',
    ])
    expect(after.filter((line) => !before.includes(line))).toEqual([
      "const client = createRedisStore(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379/1')",
      '  store: createConnectStore(client),',
    ])
  })

  it('keeps a visitor logged in, with the cart, over both steps', async () => {
    const { before, swapped: atStore, next } = origins()
    const old = createVisitor(before)
    await old.post('/cart/apple')
    await old.post('/login')
    expect((await old.get('/')).body).toEqual({ user: 'asa', cart: ['apple'] })

    const swapped = old.at(atStore)
    expect((await swapped.get('/')).body).toEqual({ user: 'asa', cart: ['apple'] })
    await swapped.post('/cart/pear')
    expect((await old.get('/')).body).toEqual({ user: 'asa', cart: ['apple', 'pear'] })

    const theirs = new Map(old.jar)
    const now = swapped.at(next)
    expect((await now.get('/')).body).toEqual({ user: 'asa', cart: ['apple', 'pear'] })
    expect([...now.jar.keys()]).toEqual(['sid'])
    expect(await oldKeys()).toEqual([])
    await now.post('/cart/fig')
    expect((await now.get('/')).body).toEqual({ user: 'asa', cart: ['apple', 'pear', 'fig'] })

    // Whoever kept the old cookie has nothing with it any more, here and there.
    expect((await createVisitor(now.origin, new Map(theirs)).get('/')).body).toEqual({ cart: [] })
    expect((await createVisitor(old.origin, new Map(theirs)).get('/')).body).toEqual({ cart: [] })
    await now.post('/logout')
    expect((await now.get('/')).body).toEqual({ cart: [] })
  })

  it('gives an old session to one of the requests that come with it at once', async () => {
    const { before, next } = origins()
    const old = createVisitor(before)
    await old.post('/login')
    const now = old.at(next)
    const answers = await Promise.all(Array.from({ length: 6 }, () => now.tab().get('/')))
    expect(answers.filter(({ body }) => (body as { user?: string }).user === 'asa')).toHaveLength(1)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })

  it('does the same things with new visitors in step 2', async () => {
    const { next } = origins()
    const now = createVisitor(next)
    await now.post('/cart/apple')
    const anonymous = now.jar.get('sid')
    expect((await now.post('/login')).status).toBe(303)
    expect(now.jar.get('sid')).not.toBe(anonymous)
    expect((await now.get('/')).body).toEqual({ user: 'asa', cart: ['apple'] })
    await now.post('/logout')
    expect([(await now.get('/')).body, now.jar.size]).toEqual([{ cart: [] }, 0])
  })
})
