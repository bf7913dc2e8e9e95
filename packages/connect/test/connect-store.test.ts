import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { type ConnectProblem, type ConnectStoreOptions, createConnectStore } from '@transient/connect'
import { encrypted, json, type TransientStore, utf8 } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

const epoch = Date.parse('2026-01-01T00:00:00Z')

function open(options: ConnectStoreOptions = {}) {
  let time = epoch
  const memory = createMemoryStore({ now: () => time })
  const faulty = createFaultyStore(memory)
  const connect = createConnectStore(faulty, { now: () => time, ...options })
  const left = async (sid: string) => (await memory.ttl([`${options.prefix ?? 'sess:'}${sid}`]))[0]
  const advance = (span: number) => void (time += span)
  return { connect, memory, faulty, left, advance, at: (span: number) => new Date(epoch + span).toISOString() }
}

const cookie = { originalMaxAge: null, httpOnly: true, path: '/' }
const text = async (store: TransientStore, key: string) => utf8.decode((await store.get(key)) ?? utf8.encode(''))

/** What a callback was called with, each time. */
function listener() {
  const calls: unknown[][] = []
  let heard = () => {}
  const first = new Promise<void>((resolve) => (heard = resolve))
  return {
    calls,
    first,
    callback: (...args: unknown[]) => {
      calls.push(args)
      heard()
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a connect store', () => {
  it('gives back what it was given, as plain data', async () => {
    const { connect } = open()
    await connect.set('a', { cookie, user: 'Åsa', cart: ['apple'] })
    expect(await connect.get('a')).toMatchObject({ cookie, user: 'Åsa', cart: ['apple'] })
  })

  it('writes the JSON of connect-redis under the key of connect-redis', async () => {
    const { connect, memory } = open()
    const session = { cookie: { originalMaxAge: 1000, expires: new Date(epoch + 1000), httpOnly: true }, user: 'asa' }
    await connect.set('a', session)
    expect(await text(memory, 'sess:a')).toBe(JSON.stringify(session))
  })

  it('has nothing for an id that is absent', async () => {
    const { connect } = open()
    expect(await connect.get('nobody')).toBeUndefined()
    const heard = listener()
    connect.get('nobody', heard.callback)
    await heard.first
    expect(heard.calls).toEqual([[null, null]])
  })

  it('keeps ids apart under its prefix', async () => {
    const { connect, memory } = open({ prefix: 'shop*' })
    await memory.set('shopping', utf8.encode('no session'), 1000)
    await connect.set('a', { cookie })
    expect(await connect.ids()).toEqual(['a'])
    await connect.clear()
    expect([await connect.length(), await text(memory, 'shopping')]).toEqual([0, 'no session'])
  })

  it('is an event emitter that reports neither connections nor their loss', async () => {
    const { connect, faulty } = open()
    const heard = listener()
    for (const event of ['connect', 'disconnect', 'error']) connect.on(event, heard.callback)
    faulty.fail('get')
    await connect.get('a').catch(() => {})
    expect(connect).toBeInstanceOf(EventEmitter)
    expect(heard.calls).toEqual([])
  })

  it('destroys, and an absent session is destroyed already', async () => {
    const { connect } = open()
    await connect.set('a', { cookie })
    await connect.destroy('a')
    await connect.destroy('a')
    expect(await connect.get('a')).toBeUndefined()
  })
})

describe('the callback', () => {
  type Call = (connect: ReturnType<typeof open>['connect'], callback: (...args: unknown[]) => void) => void
  const calls: [string, Call][] = [
    ['get', (connect, callback) => connect.get('a', callback)],
    ['set', (connect, callback) => connect.set('a', { cookie }, callback)],
    ['destroy', (connect, callback) => connect.destroy('a', callback)],
    ['touch', (connect, callback) => connect.touch('a', { cookie }, callback)],
    ['all', (connect, callback) => connect.all(callback)],
    ['ids', (connect, callback) => connect.ids(callback)],
    ['length', (connect, callback) => connect.length(callback)],
    ['clear', (connect, callback) => connect.clear(callback)],
    ['load', (connect, callback) => connect.load('b', callback)],
  ]

  it.each(calls)('of %s is called once, after the call has returned, without an error', async (_, call) => {
    const { connect } = open()
    const heard = listener()
    call(connect, heard.callback)
    expect(heard.calls).toEqual([])
    await heard.first
    await turn()
    expect(heard.calls.map(([error]) => error)).toEqual([null])
  })

  it.each(calls)('of %s is called once with an error, which does not show the id', async (verb, call) => {
    const { connect, memory } = open()
    await memory.close()
    const heard = listener()
    call(connect, heard.callback)
    await heard.first
    await turn()
    expect(heard.calls.map(([error]) => error)).toEqual([expect.objectContaining({ code: 'closed', key: undefined })])
    expect(String(heard.calls[0]?.[0]), verb).not.toContain('sess:')
  })

  it('that throws is not called a second time; what it throws is the program to handle', async () => {
    const { connect } = open()
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException')
      for (const one of listeners) process.on('uncaughtException', one)
    })
    const uncaught = listener()
    process.on('uncaughtException', uncaught.callback)
    let count = 0
    connect.get('a', () => {
      count += 1
      throw new Error('of the application')
    })
    await uncaught.first
    await turn()
    expect([count, uncaught.calls[0]?.[0]]).toEqual([1, new Error('of the application')])
  })

  it('may be left out: the promise is the answer, and one that nobody awaits does not end the process', async () => {
    const { connect, faulty } = open()
    faulty.fail('delete', { times: 2 })
    await expect(connect.destroy('a')).rejects.toMatchObject({ code: 'unavailable' })
    void connect.destroy('a')
    await turn()
  })

  it('hears of a session that has no JSON form', async () => {
    const { connect } = open()
    await expect(connect.set('a', { cookie, big: 1n })).rejects.toThrow(TypeError)
  })
})

describe('the life of a session', () => {
  it.each<[string, object, number]>([
    ['the end that its cookie has', { cookie: { expires: new Date(epoch + 5000) } }, 5000],
    ['the same as text, as it is stored', { cookie: { expires: '2026-01-01T00:00:05.000Z' } }, 5000],
    ['a maxAge without an end', { cookie: { maxAge: 7000 } }, 7000],
    ['a day for a cookie without an end', { cookie }, 86_400_000],
    ['a day for a cookie whose end is no date', { cookie: { expires: 'soon' } }, 86_400_000],
    ['a day for a session without a cookie', {}, 86_400_000],
    ['parts of a millisecond rounded up', { cookie: { maxAge: 0.5 } }, 1],
  ])('is %s', async (_, session, life) => {
    const { connect, left } = open()
    await connect.set('a', session)
    expect(await left('a')).toBe(life)
  })

  it('is the ttl option where the cookie has no end', async () => {
    const { connect, left } = open({ ttl: '20m' })
    await connect.set('a', { cookie })
    await connect.set('b', { cookie: { maxAge: 1000 } })
    expect([await left('a'), await left('b')]).toEqual([1_200_000, 1000])
  })

  it('is what a ttl function says, whatever the cookie has', async () => {
    const { connect, left } = open({ ttl: (session) => ('user' in session ? '8h' : Infinity) })
    await connect.set('a', { cookie: { maxAge: 1 }, user: 'asa' })
    await connect.set('b', { cookie })
    expect([await left('a'), await left('b')]).toEqual([8 * 3_600_000, Infinity])
  })

  it('begins anew with a touch', async () => {
    const { connect, left, advance } = open({ ttl: '20m' })
    await connect.set('a', { cookie })
    advance(60_000)
    await connect.touch('a', { cookie })
    expect(await left('a')).toBe(1_200_000)
  })

  it('does not begin anew where touching is switched off, which costs nothing', async () => {
    const { connect, left, advance, faulty } = open({ ttl: '20m', disableTouch: true })
    await connect.set('a', { cookie })
    advance(60_000)
    await connect.touch('a', { cookie })
    expect([await left('a'), faulty.calls.count('touch')]).toEqual([1_140_000, 0])
  })

  it('is over when its cookie has expired, for set and for touch', async () => {
    const { connect, at } = open()
    await connect.set('a', { cookie })
    await connect.set('b', { cookie })
    await connect.set('a', { cookie: { expires: at(0) } })
    await connect.touch('b', { cookie: { expires: at(-1) } })
    expect(await connect.ids()).toEqual([])
  })

  it('is not begun by a touch of an absent session', async () => {
    const { connect } = open()
    await connect.touch('a', { cookie })
    expect(await connect.ids()).toEqual([])
  })

  it('ends by itself', async () => {
    const { connect, advance } = open()
    await connect.set('a', { cookie: { maxAge: 1000 } })
    advance(1000)
    expect(await connect.get('a')).toBeUndefined()
  })
})

describe('the list of sessions', () => {
  it('has each session once, with its id', async () => {
    const { connect } = open()
    for (let i = 0; i < 250; i++) await connect.set(`id${i}`, { cookie, i })
    const all = await connect.all<{ i: number }>()
    expect(all.map(({ id, i }) => [id, i]).sort()).toEqual(Array.from({ length: 250 }, (_, i) => [`id${i}`, i]).sort())
    expect([await connect.length(), (await connect.ids()).length]).toEqual([250, 250])
  })

  it('leaves out what is damaged', async () => {
    const { connect, memory } = open()
    await connect.set('a', { cookie })
    await memory.set('sess:b', utf8.encode('{'), 1000)
    expect((await connect.all()).map(({ id }) => id)).toEqual(['a'])
  })

  it.each(['all', 'ids', 'length', 'clear'] as const)('%s is unsupported where keys cannot be listed', async (verb) => {
    const connect = createConnectStore({ ...createMemoryStore(), scan: undefined, flush: undefined } as TransientStore)
    const call = connect[verb] as () => Promise<unknown>
    await expect(call()).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('a damaged session', () => {
  it.each([
    ['half a JSON', '{"cookie":{'],
    ['JSON that is no object', '[1]'],
    ['an object without a cookie', '{"user":"asa"}'],
    ['a cookie that is no object', '{"cookie":"yes"}'],
    ['null', 'null'],
  ])('(%s) is absent, and reported by the hash of its id', async (_, stored) => {
    const { connect, memory } = open()
    await memory.set('sess:a', utf8.encode(stored), 1000)
    const problems: unknown[] = []
    const onProblem = (problem: unknown) => void problems.push(problem)
    subscribe('transient:connect:corrupt', onProblem)
    onTestFinished(() => void unsubscribe('transient:connect:corrupt', onProblem))
    expect(await connect.get('a')).toBeUndefined()
    const problem: ConnectProblem = { id: 'ypeBEsobvcr6wjGzmiPcTaeG7_gUfE5yuYB3ha_uSLs' }
    expect(problems).toEqual([problem])
    expect(await text(memory, 'sess:a')).toBe(stored)
  })

  it('cannot change a prototype', async () => {
    const { connect, memory } = open()
    await memory.set('sess:a', utf8.encode('{"cookie":{},"__proto__":{"admin":true}}'), 1000)
    const session = (await connect.get<Record<string, unknown>>('a')) ?? {}
    const copy: Record<string, unknown> = {}
    for (const field in session) copy[field] = session[field]
    expect(copy['admin']).toBeUndefined()
  })
})

describe('a store that hangs', () => {
  it.each<[string, (connect: ReturnType<typeof open>['connect']) => Promise<unknown>]>([
    ['get', (connect) => connect.get('a')],
    ['set', (connect) => connect.set('a', { cookie })],
    ['destroy', (connect) => connect.destroy('a')],
    ['touch', (connect) => connect.touch('a', { cookie })],
  ])('is given up by %s at the deadline', async (_, call) => {
    const { connect, faulty } = open({ deadline: 20 })
    faulty.hold('*', { times: Infinity })
    await expect(call(connect)).rejects.toMatchObject({ code: 'timeout' })
    faulty.recover()
  })

  it('is given up after 250 ms if nothing else is said', async () => {
    const { connect, faulty } = open()
    faulty.hold('get')
    const began = performance.now()
    await expect(connect.get('a')).rejects.toMatchObject({ code: 'timeout' })
    expect(performance.now() - began).toBeGreaterThanOrEqual(249)
    faulty.recover()
  })
})

describe('a session that was loaded', () => {
  type Fields = { cookie: object; a?: number; b?: number; list?: number[] }

  async function loaded(options: ConnectStoreOptions = {}) {
    const opened = open(options)
    await opened.connect.set('a', { cookie, a: 0, b: 0, list: [0] })
    const load = async () => (await opened.connect.get<Fields>('a')) as Fields
    return { ...opened, load }
  }

  it('is laid field by field on what others stored meanwhile; of one field the later call wins', async () => {
    const { connect, load } = await loaded()
    const [one, two, three] = [await load(), await load(), await load()]
    await connect.set('a', Object.assign(one, { a: 1 }))
    two.list?.push(2)
    await connect.set('a', two)
    delete three.b
    await connect.set('a', Object.assign(three, { a: 3 }))
    expect(await load()).toMatchObject({ a: 3, list: [0, 2] })
    expect(await load()).not.toHaveProperty('b')
  })

  it('goes on from what was merged when it is saved again', async () => {
    const { connect, load } = await loaded()
    const [one, two] = [await load(), await load()]
    await connect.set('a', Object.assign(one, { a: 1 }))
    await connect.set('a', Object.assign(two, { b: 2 }))
    await connect.set('a', Object.assign(two, { list: [] }))
    expect(await load()).toMatchObject({ a: 1, b: 2, list: [] })
  })

  it('has the cookie of who stored it last', async () => {
    const { connect, load, at } = await loaded()
    const [one, two] = [await load(), await load()]
    await connect.set('a', Object.assign(one, { a: 1 }))
    await connect.set('a', Object.assign(two, { cookie: { ...cookie, expires: at(5000) } }))
    expect(await load()).toMatchObject({ a: 1, cookie: { expires: at(5000) } })
  })

  it('is stored as it was when it was handed over', async () => {
    const { connect, load } = await loaded()
    const session = await load()
    const saved = connect.set('a', Object.assign(session, { a: 1 }))
    session.a = 2
    await saved
    expect((await load()).a).toBe(1)
  })

  it('stays away when it was destroyed: an error if a change is lost by that, else none', async () => {
    const { connect, load } = await loaded()
    const [reader, writer, remover] = [await load(), await load(), await load()]
    await connect.destroy('a')
    delete remover.b
    await connect.set('a', Object.assign(reader, { cookie: { ...cookie, maxAge: 1000 } }))
    const refusal = { code: 'session-ended', applied: 'no' }
    await expect(connect.set('a', Object.assign(writer, { a: 1 }))).rejects.toMatchObject(refusal)
    await expect(connect.set('a', remover)).rejects.toMatchObject(refusal)
    expect(await connect.get('a')).toBeUndefined()
  })

  it('stays away when it expired meanwhile', async () => {
    const { connect, load, advance } = await loaded({ ttl: 1000 })
    const session = await load()
    advance(1000)
    await expect(connect.set('a', Object.assign(session, { a: 1 }))).rejects.toMatchObject({ code: 'session-ended' })
  })

  it('is not laid on what is damaged meanwhile', async () => {
    const { connect, load, memory } = await loaded()
    const session = await load()
    await memory.set('sess:a', utf8.encode('{'), 1000)
    await expect(connect.set('a', Object.assign(session, { a: 1 }))).rejects.toMatchObject({ code: 'decode' })
    expect(await text(memory, 'sess:a')).toBe('{')
  })

  it('shows nothing to those who print it but a symbol', async () => {
    const { load } = await loaded()
    const { cookie: loadedCookie } = await load()
    const values = Object.getOwnPropertySymbols(loadedCookie).map(
      (symbol) => Reflect.get(loadedCookie, symbol) as unknown,
    )
    expect(values).toEqual([{}])
    expect(JSON.stringify(loadedCookie)).toBe(JSON.stringify(cookie))
  })

  it('is given up at the deadline, and may have been stored', async () => {
    const { connect, load, faulty } = await loaded({ deadline: 20 })
    const session = await load()
    faulty.hold('compareAndSet')
    await expect(connect.set('a', Object.assign(session, { a: 1 }))).rejects.toMatchObject({
      code: 'timeout',
      applied: 'unknown',
    })
    faulty.recover()
  })

  it('is given up at the deadline as a conflict, and was not stored, when others wrote first', async () => {
    const { connect, load, faulty } = await loaded({ deadline: 20 })
    const [one, two] = [await load(), await load()]
    await connect.set('a', Object.assign(one, { a: 1 }))
    faulty.hold('get')
    await expect(connect.set('a', Object.assign(two, { a: 2 }))).rejects.toMatchObject({
      code: 'conflict',
      applied: 'no',
    })
    faulty.recover()
    await turn()
    expect((await load()).a).toBe(1)
  })

  it('waits behind other writers no longer than the deadline, and is not stored later', async () => {
    const { connect, load, faulty } = await loaded({ deadline: 20 })
    const [one, two] = [await load(), await load()]
    faulty.hold('compareAndSet')
    const answers = [connect.set('a', Object.assign(one, { a: 1 })), connect.set('a', Object.assign(two, { b: 2 }))]
    const codes = await Promise.all(answers.map((answer) => answer.catch((error: unknown) => error)))
    expect(codes).toEqual([
      expect.objectContaining({ code: 'timeout', applied: 'unknown' }),
      expect.objectContaining({ code: 'timeout', applied: 'no' }),
    ])
    faulty.recover()
    await turn()
    expect((await load()).b).toBe(0)
  })

  it('is given up at the deadline with all its tries counted together', async () => {
    const { connect, load, faulty } = await loaded()
    const [one, two] = [await load(), await load()]
    await connect.set('a', Object.assign(one, { a: 1 }))
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const first = faulty.hold('compareAndSet')
    faulty.hold('get')
    const answer = connect.set('a', Object.assign(two, { a: 2 })).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(200)
    first.release()
    await vi.advanceTimersByTimeAsync(60)
    const refused = { code: 'conflict', applied: 'no' }
    expect(await Promise.race([answer, Promise.resolve('still waiting')])).toEqual(expect.objectContaining(refused))
    faulty.recover()
  })

  it('costs one command to save when nobody else is writing it', async () => {
    const { connect, load, faulty } = await loaded()
    const session = await load()
    faulty.calls.clear()
    await connect.set('a', Object.assign(session, { a: 1 }))
    expect(faulty.calls.count()).toBe(1)
  })

  it('costs each of ten writers of this process one command', async () => {
    const { connect, load, faulty } = await loaded()
    const copies = await Promise.all(Array.from({ length: 10 }, load))
    faulty.calls.clear()
    await Promise.all(copies.map((copy, i) => connect.set('a', Object.assign(copy, { [`f${i}`]: i }))))
    expect(faulty.calls.count()).toBe(10)
  })
})

describe('another codec', () => {
  it('makes the bytes, and reads them', async () => {
    const secret = {
      encode: (value: unknown) => json.encode(value).map((byte) => byte ^ 255),
      decode: (bytes: Uint8Array) => json.decode(bytes.map((byte) => byte ^ 255)),
    }
    const { connect, memory } = open({ codec: secret })
    await connect.set('a', { cookie, user: 'asa' })
    expect(Buffer.from((await memory.get('sess:a')) ?? []).includes('asa')).toBe(false)
    expect(await connect.get('a')).toMatchObject({ cookie, user: 'asa' })
  })
})

describe('encrypted sessions', () => {
  const key = (letter: string) => letter.repeat(32)

  it('show nothing in the store, and are changed by many without a loss', async () => {
    const { connect, memory } = open({ codec: encrypted(json, key('a')) })
    await connect.set('a', { cookie, user: 'asa' })
    const [one, two] = [await connect.get<object>('a'), await connect.get<object>('a')]
    await connect.set('a', Object.assign(one ?? {}, { n: 1 }))
    await connect.set('a', Object.assign(two ?? {}, { m: 2 }))
    expect(await connect.get('a')).toMatchObject({ cookie, user: 'asa', n: 1, m: 2 })
    expect(Buffer.from((await memory.get('sess:a')) ?? []).includes('asa')).toBe(false)
  })

  it('of a key that is not known are absent, and left as they are', async () => {
    const { connect, memory } = open({ codec: encrypted(json, key('a')) })
    await connect.set('a', { cookie, user: 'asa' })
    const other = createConnectStore(memory, { codec: encrypted(json, key('b')) })
    expect(await other.get('a')).toBeUndefined()
    expect(await connect.get('a')).toMatchObject({ user: 'asa' })
  })
})

describe('an impossible option', () => {
  it.each<[string, () => unknown]>([
    ['a store that is none', () => createConnectStore({} as TransientStore)],
    ['no store', () => createConnectStore(undefined as unknown as TransientStore)],
    ['a ttl of 0', () => createConnectStore(createMemoryStore(), { ttl: 0 })],
    ['a ttl that is no duration', () => createConnectStore(createMemoryStore(), { ttl: '1 day' as '1d' })],
    ['no deadline at all', () => createConnectStore(createMemoryStore(), { deadline: Infinity })],
    ['a prefix that is no text', () => createConnectStore(createMemoryStore(), { prefix: 1 as unknown as string })],
  ])('(%s) is misuse, at creation', (_, create) => {
    expect(create).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('(a ttl function that gives 0) is misuse, told to the caller', async () => {
    const { connect } = open({ ttl: () => 0 })
    await expect(connect.set('a', { cookie })).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('without express-session', () => {
  it('there are no sessions of its classes to make', async () => {
    const { connect } = open()
    await connect.set('a', { cookie })
    const heard = listener()
    connect.load('a', heard.callback)
    await heard.first
    expect(heard.calls).toEqual([[expect.objectContaining({ code: 'invalid-argument' })]])
    expect(() => connect.createSession({}, { cookie })).toThrow(/express-session/)
    const again = listener()
    connect.regenerate({ sessionID: 'a' }, again.callback)
    await again.first
    expect(again.calls).toEqual([[expect.objectContaining({ code: 'invalid-argument' })]])
  })
})
