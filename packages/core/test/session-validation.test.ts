import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  createSessionStore,
  type Session,
  type SessionInvalid,
  type SessionSchemaOption,
  type SessionStore,
  type SessionStoreOptions,
  type StandardSchemaV1,
} from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { type } from 'arktype'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { caught, rejection } from './caught.ts'
import { secret } from './shop.ts'

let invalid: SessionInvalid[] = []
let unreadable: unknown[] = []
const onInvalid = (message: unknown) => void invalid.push(message as SessionInvalid)
const onUnreadable = (message: unknown) => void unreadable.push(message)

beforeEach(() => {
  invalid = []
  unreadable = []
  subscribe('transient:session:invalid', onInvalid)
  subscribe('transient:session:unreadable', onUnreadable)
})
afterEach(() => {
  unsubscribe('transient:session:invalid', onInvalid)
  unsubscribe('transient:session:unreadable', onUnreadable)
})

/** One storage, and the releases of an application that stand in front of it one after the other. */
function openStorage() {
  const store = createFaultyStore(createMemoryStore())
  let time = 1_700_000_000_000
  const release = <Data extends object = Record<string, unknown>>(
    options: Partial<SessionStoreOptions> & SessionSchemaOption<Data> = {},
  ): SessionStore<Data> =>
    createSessionStore<Data>(store, { secrets: secret, deadline: '30s', now: () => time, ...options })
  return {
    store,
    release,
    wait: (milliseconds: number) => (time += milliseconds),
    /** The token of a session with this data, as a release without a schema leaves it. */
    begin: async (data: Record<string, unknown>, options: Partial<SessionStoreOptions> = {}) => {
      const session = await release(options).load()
      Object.assign(session.data, data)
      await session.commit()
      store.calls.clear()
      return session.token as string
    },
    /** What is stored, as a release without a schema sees it. */
    stored: async (token: string | undefined, version = 0) => ({ ...(await release({ version }).load(token)).data }),
  }
}

interface Shop {
  cart: string[]
  user: string
  at: Date
  visits: number
}

const schemas: [string, NonNullable<SessionSchemaOption<Shop>['schema']>][] = [
  [
    'zod',
    z.object({
      cart: z.array(z.string()).optional(),
      user: z.string().optional(),
      at: z.coerce.date().optional(),
      visits: z.number().default(0),
    }),
  ],
  [
    'valibot',
    v.object({
      cart: v.optional(v.array(v.string())),
      user: v.optional(v.string()),
      at: v.optional(
        v.pipe(
          v.string(),
          v.isoTimestamp(),
          v.transform((text) => new Date(text)),
        ),
      ),
      visits: v.optional(v.number(), 0),
    }),
  ],
  [
    'arktype',
    type({
      'cart?': 'string[]',
      'user?': 'string',
      'at?': 'string.date.iso.parse',
      visits: 'number = 0',
    }),
  ],
]

describe.each(schemas)('sessions with a schema of %s', (_, schema) => {
  const at = new Date('2026-03-01T12:00:00.000Z')

  test('show what it makes of what is stored, which is stored by nobody', async () => {
    const { release, begin, store } = openStorage()
    const token = await begin({ at: at.toISOString(), cart: ['apple'] })
    const session = await release<Shop>({ schema }).load(token)
    expect({ ...session.data }).toEqual({ at, cart: ['apple'], visits: 0 })
    expect(session.seal()).toBeUndefined()
    expect(store.calls.count()).toBe(1)
    expect(invalid).toEqual([])
  })

  test('store what is changed, and show the same again', async () => {
    const { release, begin, stored } = openStorage()
    const sessions = release<Shop>({ schema })
    const session = await sessions.load(await begin({ at: at.toISOString() }))
    session.data.at?.setUTCFullYear(2027)
    session.data.visits = (session.data.visits ?? 0) + 1
    await session.commit()
    expect(await stored(session.token)).toEqual({ at: '2027-03-01T12:00:00.000Z', visits: 1 })
    const again = await sessions.load(session.token)
    expect({ ...again.data }).toEqual({ at: new Date('2027-03-01T12:00:00.000Z'), visits: 1 })
  })

  test('set a bad field aside and report it once; the others go on, and it stays as it is in the store', async () => {
    const { release, begin, stored } = openStorage()
    const token = await begin({ cart: 'apple', user: 'Åsa', visits: 'many' })
    const session = await release<Shop>({ schema }).load(token)
    expect(session).toMatchObject({ isNew: false, endedBecause: undefined })
    expect({ ...session.data }).toEqual({ user: 'Åsa', visits: 0 })
    expect(invalid.map(({ field }) => field).sort()).toEqual(['cart', 'visits'])
    expect(new Set(invalid.map(({ id }) => id)).size).toBe(1)
    expect(token).not.toContain(invalid[0]?.id)
    session.data.user = 'Örjan'
    await session.commit()
    expect(invalid).toHaveLength(2)
    expect(await stored(token)).toEqual({ cart: 'apple', user: 'Örjan', visits: 'many' })
  })

  test('replace a bad field when the application sets it, and remove it when it deletes it', async () => {
    const { release, begin, stored } = openStorage()
    const session = await release<Shop>({ schema }).load(await begin({ cart: 'apple', user: 5 }))
    expect([session.data.cart, session.data.user]).toEqual([undefined, undefined])
    session.data.cart = ['pear']
    delete session.data.user
    await session.commit()
    expect(await stored(session.token)).toEqual({ cart: ['pear'] })
  })

  test('give update the value that they show, and show what it stored', async () => {
    const { release, begin, stored } = openStorage()
    const token = await begin({ at: at.toISOString(), cart: 'apple' })
    const session = await release<Shop>({ schema }).load(token)
    const seen: unknown[] = []
    const next = await session.update('at', (date) => {
      seen.push(date)
      return new Date((date?.getTime() ?? 0) + 1)
    })
    expect(seen).toEqual([at])
    expect(next).toEqual(new Date(at.getTime() + 1))
    expect(session.data.at).toEqual(next)
    await session.update('visits', (visits) => (visits ?? Number.NaN) + 1)
    await session.update('cart', (cart) => {
      seen.push(cart)
      return [...(cart ?? []), 'pear']
    })
    expect(seen).toEqual([at, undefined])
    expect(await stored(token)).toEqual({ at: '2026-03-01T12:00:00.001Z', visits: 1, cart: ['pear'] })
  })

  test('have update build on what was set before and is not committed yet', async () => {
    const { release, begin } = openStorage()
    const session = await release<Shop>({ schema }).load(await begin({ user: 'Åsa' }))
    session.data.at = at
    const next = await session.update('at', (date) => new Date((date?.getTime() ?? 0) + 1))
    expect(next).toEqual(new Date(at.getTime() + 1))
  })

  test('are exact with update, whoever else counts', async () => {
    const { release, begin, stored } = openStorage()
    const [one, two] = [release<Shop>({ schema }), release<Shop>({ schema })]
    const token = await begin({ user: 'Åsa' })
    const requests = await Promise.all(Array.from({ length: 50 }, (_, index) => (index % 2 ? one : two).load(token)))
    await Promise.all(requests.map((session) => session.update('visits', (visits = 0) => visits + 1)))
    expect(await stored(token)).toEqual({ user: 'Åsa', visits: 50 })
  })

  test('validate what others have stored meanwhile', async () => {
    const { release, begin } = openStorage()
    const token = await begin({ user: 'Åsa' })
    const session = await release<Shop>({ schema }).load(token)
    const other = await release().load(token)
    Object.assign(other.data, { at: at.toISOString(), cart: 'bad' })
    await other.commit()
    session.data.user = 'Örjan'
    await session.commit()
    expect({ ...session.data }).toEqual({ user: 'Örjan', at, visits: 0 })
    expect(invalid.map(({ field }) => field)).toEqual(['cart'])
  })

  test('show a new visitor the defaults, and make no session of them', async () => {
    const { release, store } = openStorage()
    const sessions = release<Shop>({ schema })
    const visitor = await sessions.load()
    expect({ ...visitor.data }).toEqual({ visits: 0 })
    await visitor.commit()
    expect([store.calls.count(), visitor.token]).toEqual([0, undefined])
    visitor.data.visits = 1
    await visitor.commit()
    expect((await sessions.load(visitor.token)).data.visits).toBe(1)
  })

  test('keep flash messages, ends of fields, renewals and logins out of its sight', async () => {
    const { release, wait } = openStorage()
    const sessions = release<Shop>({ schema })
    const session = await sessions.load()
    session.data.user = 'Åsa'
    session.expireField('user', '1m')
    session.flash('hi')
    await session.commit()
    await session.renew()
    await session.login('åsa')
    const again = await sessions.load(session.token)
    expect(again.data.user).toBe('Åsa')
    expect(await again.takeFlash()).toEqual([{ kind: 'info', message: 'hi' }])
    wait(60_000)
    expect({ ...(await sessions.load(session.token)).data }).toEqual({ visits: 0 })
    expect(invalid).toEqual([])
  })
})

describe('sessions with a schema', () => {
  test('whose fields are required, are valid without them', async () => {
    const { release, begin } = openStorage()
    const schema = z.object({ cart: z.array(z.string()), user: z.string() })
    const sessions = release({ schema })
    expect({ ...(await sessions.load()).data }).toEqual({})
    const session = await sessions.load(await begin({ user: 'Åsa' }))
    expect({ ...session.data }).toEqual({ user: 'Åsa' })
    expect({ ...(await sessions.load(await begin({ cart: [5], user: 'Åsa' }))).data }).toEqual({ user: 'Åsa' })
    expect(invalid.map(({ field }) => field)).toEqual(['cart'])
  })

  test('that refuses the whole have all fields set aside, reported once, and stay as they are', async () => {
    const { release, begin, stored } = openStorage()
    const schema = z
      .object({ from: z.number().optional(), to: z.number().optional() })
      .refine(({ from = 0, to = 0 }) => from <= to)
    const token = await begin({ from: 2, to: 1 })
    const session = await release({ schema }).load(token)
    expect({ ...session.data }).toEqual({})
    expect(invalid).toEqual([{ id: expect.any(String) as string, field: undefined, error: undefined }])
    session.data.to = 3
    await session.commit()
    expect(await stored(token)).toEqual({ from: 2, to: 3 })
    expect({ ...(await release({ schema }).load(token)).data }).toEqual({ from: 2, to: 3 })
  })

  test('that throws report the reason, and answer', async () => {
    const { release, begin } = openStorage()
    const reason = new Error('reason')
    const schema = v.object({
      a: v.optional(
        v.pipe(
          v.number(),
          v.check(() => {
            throw reason
          }),
        ),
      ),
    })
    expect({ ...(await release({ schema }).load(await begin({ a: 1 }))).data }).toEqual({})
    expect(invalid).toMatchObject([{ error: reason }])
  })

  test('that turns out to be asynchronous reject the load with a TypeError', async () => {
    const { release, begin } = openStorage()
    const schema = z.object({ a: z.number().refine(() => Promise.resolve(true)) })
    const session = release({ schema }).open(await begin({ a: 1 }))
    expect(await rejection(session.load())).toMatchObject({ name: 'TypeError', code: 'invalid-argument' })
  })

  test('that is none, or asynchronous whatever it is given, are refused when the store is made', () => {
    const { release } = openStorage()
    for (const schema of [{}, null, z.object({}).refine(() => Promise.resolve(true))])
      expect(caught(() => release({ schema: schema as StandardSchemaV1<unknown, object> }))).toMatchObject({
        name: 'TypeError',
        code: 'invalid-argument',
      })
  })

  test('have the type that it gives', async () => {
    const store = createMemoryStore()
    const options = { secrets: secret }
    const required = createSessionStore(store, { ...options, schema: z.object({ n: z.number(), at: z.coerce.date() }) })
    expectTypeOf((await required.load()).data.n).toEqualTypeOf<number | undefined>()
    expectTypeOf((await required.load()).data.at).toEqualTypeOf<Date | undefined>()
    const optional = createSessionStore(store, { ...options, schema: v.object({ n: v.optional(v.number()) }) })
    expectTypeOf((await optional.load()).data.n).toEqualTypeOf<number | undefined>()
    const ark = createSessionStore(store, { ...options, schema: type({ 'n?': 'number', tags: 'string[]' }) })
    expectTypeOf((await ark.load()).data.n).toEqualTypeOf<number | undefined>()
    expectTypeOf((await ark.load()).data.tags).toEqualTypeOf<string[] | undefined>()
    const none = createSessionStore(store, options)
    expectTypeOf(none).toEqualTypeOf<SessionStore<Record<string, unknown>>>()
    const given = createSessionStore<{ n: number }>(store, { ...options, schema: z.object({ n: z.number() }) })
    expectTypeOf(given.open()).toEqualTypeOf<Session<{ n: number }>>()
    // @ts-expect-error: what the schema gives is not what the sessions are said to hold
    createSessionStore<{ n: number }>(store, { ...options, schema: z.object({ n: z.string() }) })
    const shared: SessionStoreOptions = options
    expectTypeOf(createSessionStore<{ n: number }>(store, shared)).toEqualTypeOf<SessionStore<{ n: number }>>()
    expectTypeOf(createSessionStore(store, shared)).toEqualTypeOf<SessionStore<Record<string, unknown>>>()
  })
})

describe('sessions of an older version', () => {
  interface Named {
    first: string
    last: string
    n: number
  }
  const split = ({ name, ...rest }: Record<string, unknown>) => {
    const [first, last] = String(name).split(' ')
    return { ...rest, first, last }
  }
  const second = { version: 2, migrate: split } as const

  test('are migrated when they are read, and stored so with the next write, not by the read', async () => {
    const { release, begin, stored, store } = openStorage()
    const token = await begin({ name: 'Åsa Öst' })
    const sessions = release<Named>(second)
    const session = await sessions.load(token)
    expect({ ...session.data }).toEqual({ first: 'Åsa', last: 'Öst' })
    await session.commit()
    expect(store.calls.count()).toBe(1)
    expect(await stored(token)).toEqual({ name: 'Åsa Öst' })
    session.data.n = 1
    await session.commit()
    expect(await stored(token, 2)).toEqual({ first: 'Åsa', last: 'Öst', n: 1 })
    expect({ ...(await release<Named>({ version: 2 }).load(token)).data }).toEqual({ first: 'Åsa', last: 'Öst', n: 1 })
  })

  test('are migrated for update, renew, login and flash too', async () => {
    for (const write of [
      (session: Session<Named>) => session.update('n', () => 1),
      (session: Session<Named>) => session.renew(),
      (session: Session<Named>) => session.login('åsa'),
      (session: Session<Named>) => {
        session.flash('hi')
        return session.commit()
      },
    ]) {
      const { release, begin, stored } = openStorage()
      const session = release<Named>(second).open(await begin({ name: 'Åsa Öst' }))
      await session.load()
      await write(session)
      expect(await stored(session.token, 2)).toMatchObject({ first: 'Åsa', last: 'Öst' })
      expect(await stored(session.token, 2)).not.toHaveProperty('name')
    }
  })

  test('that the old release writes to meanwhile lose nothing', async () => {
    const { release, begin, stored } = openStorage()
    const token = await begin({ name: 'Åsa Öst' })
    const session = await release<Named>(second).load(token)
    const old = await release().load(token)
    old.data['name'] = 'Örjan Öst'
    await old.commit()
    session.data.n = 1
    await session.commit()
    expect(await stored(token, 2)).toEqual({ first: 'Örjan', last: 'Öst', n: 1 })
  })

  test('are unreadable for the old release once they are stored, and left untouched by it', async () => {
    const { release, begin, stored } = openStorage()
    const token = await begin({ name: 'Åsa Öst' })
    const old = await release().load(token)
    const session = await release<Named>(second).load(token)
    session.data.n = 1
    await session.commit()
    old.data['late'] = 1
    expect(await rejection(old.commit())).toMatchObject({ code: 'session-unreadable' })
    const late = await release().load(token)
    expect(late).toMatchObject({ isNew: true, endedBecause: 'unreadable' })
    expect(unreadable).toHaveLength(1)
    expect(await stored(token, 2)).toEqual({ first: 'Åsa', last: 'Öst', n: 1 })
  })

  test('keep flash messages and ends of fields, and what has ended does not come back under another name', async () => {
    const { release, wait } = openStorage()
    const old = await release().load()
    Object.assign(old.data, { name: 'Åsa Öst', isAdmin: true })
    old.expireField('isAdmin', '5m')
    old.flash('hi')
    await old.commit()
    const rename = ({ name, isAdmin }: Record<string, unknown>) => ({ name, mayAll: isAdmin })
    const sessions = release({ version: 1, migrate: rename })
    expect({ ...(await sessions.load(old.token)).data }).toEqual({ name: 'Åsa Öst', mayAll: true })
    wait(300_000)
    const session = await sessions.load(old.token)
    expect({ ...session.data }).toEqual({ name: 'Åsa Öst' })
    expect(await session.takeFlash()).toEqual([{ kind: 'info', message: 'hi' }])
  })

  test('that migrate fails for are reported with the reason, unreadable, and left untouched', async () => {
    const { release, begin, stored } = openStorage()
    const token = await begin({ name: 'Åsa Öst' })
    const reason = new Error('reason')
    const migrate = () => {
      throw reason
    }
    const session = await release({ version: 1, migrate }).load(token)
    expect(session).toMatchObject({ isNew: true, endedBecause: 'unreadable' })
    expect(invalid).toEqual([{ id: expect.any(String) as string, error: reason }])
    expect(unreadable).toEqual([{ id: invalid[0]?.id }])
    session.data['n'] = 1
    expect(await rejection(session.commit())).toMatchObject({ code: 'session-unreadable' })
    expect(await stored(token)).toEqual({ name: 'Åsa Öst' })
  })

  test('are validated after they were migrated', async () => {
    const { release, begin } = openStorage()
    const schema = z.object({ first: z.string().optional(), last: z.string().max(3).optional() })
    const session = await release({ ...second, schema }).load(await begin({ name: 'Åsa Österberg' }))
    expect({ ...session.data }).toEqual({ first: 'Åsa' })
    expect(invalid).toMatchObject([{ field: 'last' }])
  })

  test('are refused when the store is made, if the version is none or migrate can never be called', () => {
    const { release } = openStorage()
    for (const options of [{ version: -1 }, { version: 1.5 }, { migrate: split }, { version: 0, migrate: split }])
      expect(caught(() => release(options))).toMatchObject({ name: 'RangeError', code: 'invalid-argument' })
    expect(caught(() => release({ version: '1' as unknown as number }))).toMatchObject({ code: 'invalid-argument' })
    expect(caught(() => release({ version: 1, migrate: 5 as unknown as () => object & {} as never }))).toMatchObject({
      name: 'TypeError',
      code: 'invalid-argument',
    })
  })
})
