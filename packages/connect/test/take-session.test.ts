import { createConnectStore, type TakeSessionOptions, takeSession } from '@transient/connect'
import { json, type TransientStore, utf8 } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { describe, expect, it } from 'vitest'
import { createExpressSite } from './express-site.ts'
import { openFastifySite } from './fastify-site.ts'
import { listen } from './listen.ts'
import { createVisitor } from './visitor.ts'

const secrets = 'a secret of the tests'

/** A visitor of an old application, logged in, with a cart. */
async function openOld(wrap: (store: TransientStore) => TransientStore = (store) => store) {
  const memory = createMemoryStore()
  const connect = createConnectStore(memory)
  const visitor = createVisitor(await listen(createExpressSite(connect)))
  await visitor.post('/cart/apple')
  await visitor.post('/login')
  const cookie = `theme=dark; connect.sid=${visitor.jar.get('connect.sid')}; last=1`
  const store = wrap(memory)
  const take = (options: Partial<TakeSessionOptions> = {}, header: string | undefined = cookie) =>
    takeSession(store, header, { secrets, ...options })
  return { memory, store, connect, visitor, cookie, take }
}

describe('a session that is taken', () => {
  it('of express-session has the fields, and is gone', async () => {
    const { take, connect, visitor } = await openOld()
    expect(await take()).toEqual({ user: 'asa', cart: ['apple'] })
    expect(await connect.length()).toBe(0)
    expect(await take()).toBeUndefined()
    expect((await visitor.get('/read')).body).toEqual({})
  })

  it('of @fastify/session too', async () => {
    const memory = createMemoryStore()
    const visitor = createVisitor(await openFastifySite(createConnectStore(memory)))
    await visitor.post('/cart/apple')
    const header = `sessionId=${visitor.jar.get('sessionId')}`
    const options = { cookieName: 'sessionId', secrets: 'a secret of the tests, long enough for anyone' }
    expect(await takeSession(memory, header, options)).toEqual({ cart: ['apple'] })
  })

  it('is given to one of those who ask at the same moment', async () => {
    const { take } = await openOld()
    const answers = await Promise.all(Array.from({ length: 20 }, () => take()))
    expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1)
  })

  it('may be signed with any of the secrets', async () => {
    const { take } = await openOld()
    expect(await take({ secrets: ['a newer secret', secrets] })).toMatchObject({ user: 'asa' })
  })

  it('may be behind another cookie of the same name', async () => {
    const { take, cookie } = await openOld()
    expect(await take({}, `connect.sid=s%3Aforged.signature; ${cookie}`)).toMatchObject({ user: 'asa' })
  })

  it('of another prefix and codec is found by them', async () => {
    const { take, memory, connect } = await openOld()
    const [sid = ''] = await connect.ids()
    await memory.set(`old:${sid}`, json.encode('secret'), 1000)
    const codec = { encode: json.encode, decode: () => ({ cookie: {}, user: 'bo' }) }
    expect(await take({ prefix: 'old:', codec })).toEqual({ user: 'bo' })
  })
})

describe('nothing is taken', () => {
  const signed = (change: (value: string) => string) => async () => {
    const old = await openOld((store) => createFaultyStore(store))
    const header = old.cookie.replace(/(?<=connect\.sid=)[^;]*/, (value) => change(value))
    expect(await old.take({}, header)).toBeUndefined()
    expect((old.store as ReturnType<typeof createFaultyStore>).calls.count()).toBe(0)
    expect(await old.connect.length()).toBe(1)
  }

  it.each<[string, (value: string) => string]>([
    ['a changed id', (value) => value.replace(/s%3A./, 's%3A_')],
    ['a changed signature', (value) => `${value.slice(0, -1)}_`],
    ['a longer signature', (value) => `${value}A`],
    ['no signature', (value) => value.replace(/\..*/, '')],
    ['an empty signature', (value) => value.replace(/\..*/, '.')],
    ['an id alone', () => 'admin'],
    ['no text', () => ''],
    ['what is no URL encoding', (value) => `%${value}`],
    ['a 10 KB text', () => 'x'.repeat(10_240)],
  ])('for %s, and the store is not asked', (_, change) => signed(change)())

  it('without a header, or without the cookie', async () => {
    const { memory } = await openOld()
    expect(await takeSession(memory, undefined, { secrets })).toBeUndefined()
    expect(await takeSession(memory, 'connect.sid.old=x; theme=dark', { secrets })).toBeUndefined()
  })

  it('of what is damaged, which is removed', async () => {
    const { take, memory, connect } = await openOld()
    const [sid = ''] = await connect.ids()
    await memory.set(`sess:${sid}`, utf8.encode('{'), 1000)
    expect(await take()).toBeUndefined()
    expect(await connect.length()).toBe(0)
  })

  it('from a store that cannot be asked: an error without the id, and the session stays', async () => {
    const { take, connect } = await openOld((store) => {
      const wrapped = createFaultyStore(store)
      wrapped.fail('take')
      return wrapped
    })
    await expect(take()).rejects.toMatchObject({ code: 'unavailable', key: undefined })
    expect(await connect.length()).toBe(1)
  })

  it('from a store that hangs: an error at the deadline', async () => {
    const { take, store } = await openOld((wrapped) => createFaultyStore(wrapped))
    const faulty = store as ReturnType<typeof createFaultyStore>
    faulty.hold('take')
    await expect(take({ deadline: 20 })).rejects.toMatchObject({ code: 'timeout', applied: 'unknown' })
    faulty.recover()
  })

  it.each([[''], [[]], [['']], [undefined]])('with %j for secrets, which is misuse', async (wrong) => {
    const call = takeSession(createMemoryStore(), undefined, { secrets: wrong as string })
    await expect(call).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
