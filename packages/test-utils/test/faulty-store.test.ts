import { withPrefix } from '@transient/core'
import { innerStore, isInspectable, isTransientError, isWatchable, type TransientStore } from '@transient/core/store'
import { createMemoryStore } from '@transient/memory'
import { runStoreConformance } from '@transient/test-utils/conformance'
import { createFaultyStore } from '@transient/test-utils/faults'
import { describe, expect, it } from 'vitest'

const minute = 60_000
const value = Buffer.from('value')

runStoreConformance(
  { describe, it },
  {
    name: 'the faulty store over memory',
    atomicity: 'process',
    inspectable: true,
    watchable: true,
    clock: 'fake',
    outage: true,
    maxValueBytes: 200_000,
    async create() {
      let now = 1000
      const store = createFaultyStore(createMemoryStore({ now: () => now, maxValueBytes: 200_000 }))
      return {
        store,
        advance: (span) => void (now += span),
        outage: {
          begin: async () => store.fail('*', { times: Number.POSITIVE_INFINITY }),
          end: async () => store.recover(),
        },
        dispose: () => store.close(),
      }
    },
  },
)

async function errorOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return isTransientError(error) ? error : undefined
}

describe('fail', () => {
  it('rejects the next call of the verb, and no other', async () => {
    const store = createFaultyStore(createMemoryStore())
    store.fail('get')
    expect(await store.getMany(['key'])).toEqual([undefined])
    expect(await errorOf(store.get('key'))).toMatchObject({ code: 'unavailable', operation: 'get', key: 'key' })
    expect(await store.get('key')).toBeUndefined()
  })

  it('rejects as many calls as it is told, with the code it is told', async () => {
    const store = createFaultyStore(createMemoryStore())
    store.fail('touch', { times: 2, code: 'read-only' })
    const codes = []
    for (let round = 0; round < 3; round += 1) codes.push((await errorOf(store.touch('key', minute)))?.code)
    expect(codes).toEqual(['read-only', 'read-only', undefined])
  })

  it('before the write: nothing is stored, and the error says so', async () => {
    const store = createFaultyStore(createMemoryStore())
    store.fail('set')
    expect((await errorOf(store.set('key', value, minute)))?.applied).toBe('no')
    expect(await store.get('key')).toBeUndefined()
  })

  it('after the write: it is stored, and the error does not know', async () => {
    const store = createFaultyStore(createMemoryStore())
    store.fail('compareAndSet', { at: 'after' })
    expect((await errorOf(store.compareAndSet('key', null, value, minute)))?.applied).toBe('unknown')
    expect(await store.get('key')).toEqual(new Uint8Array(value))
  })

  it('of a time-out does not know, whenever it comes', async () => {
    const store = createFaultyStore(createMemoryStore())
    store.fail('set', { code: 'timeout' })
    expect((await errorOf(store.set('key', value, minute)))?.applied).toBe('unknown')
    expect((await errorOf(store.get('key')))?.applied).toBeUndefined()
  })

  it('only for one key', async () => {
    const store = createFaultyStore(createMemoryStore())
    store.fail('*', { key: 'bad', times: Number.POSITIVE_INFINITY })
    await store.set('good', value, minute)
    expect((await errorOf(store.set('bad', value, minute)))?.code).toBe('unavailable')
    expect((await errorOf(store.getMany(['good', 'bad'])))?.code).toBe('unavailable')
    store.recover()
    expect(await store.getMany(['bad'])).toEqual([undefined])
  })

  it('with an error of the test, as it is', async () => {
    const store = createFaultyStore(createMemoryStore())
    const error = new Error('mine')
    store.fail('take', { error })
    await expect(store.take('key')).rejects.toBe(error)
  })

  it('refuses a verb that does not exist, and a number of times that makes no sense', () => {
    const store = createFaultyStore(createMemoryStore())
    expect(() => store.fail('gte' as 'get')).toThrow('there is no verb "gte"')
    expect(() => store.fail('get', { times: 0 })).toThrow(RangeError)
  })
})

describe('hold', () => {
  it('holds a call before the store until it is released', async () => {
    const store = createFaultyStore(createMemoryStore())
    const gate = store.hold('set')
    const held = store.set('key', value, minute)
    await gate.arrived
    expect(await store.get('key')).toBeUndefined()
    await store.set('key', Buffer.from('first'), minute)
    gate.release()
    await held
    expect(await store.get('key')).toEqual(new Uint8Array(value))
    expect(gate.count).toBe(1)
  })

  it('holds an answer back: the write is done, the caller does not know yet', async () => {
    const store = createFaultyStore(createMemoryStore())
    const gate = store.hold('increment', { at: 'after' })
    let answered = false
    const held = store.increment('key', 1, minute).finally(() => (answered = true))
    await gate.arrived
    expect((await store.increment('key', 1, minute)).value).toBe(2)
    expect(answered).toBe(false)
    gate.release()
    expect((await held).value).toBe(1)
  })

  it('makes a lost update certain', async () => {
    const store = createFaultyStore(createMemoryStore())
    await store.set('key', Buffer.from('0'), minute)
    const gate = store.hold('compareAndSet', { times: 2 })
    const both = ['a', 'b'].map((next) => store.compareAndSet('key', Buffer.from('0'), Buffer.from(next), minute))
    await gate.arrived
    gate.release()
    expect((await Promise.all(both)).filter(Boolean)).toHaveLength(1)
    expect(gate.count).toBe(2)
  })

  it('is over for everyone with recover', async () => {
    const store = createFaultyStore(createMemoryStore())
    const gate = store.hold('*', { times: Number.POSITIVE_INFINITY })
    const held = [store.get('a'), store.get('b')]
    await gate.arrived
    store.recover()
    expect(await Promise.all(held)).toEqual([undefined, undefined])
    expect(await store.get('c')).toBeUndefined()
  })

  it('keeps the value as it was when the call was made', async () => {
    const store = createFaultyStore(createMemoryStore())
    const gate = store.hold('set')
    const changing = new Uint8Array([1, 2])
    const held = store.set('key', changing, minute)
    changing.fill(9)
    gate.release()
    await held
    expect(await store.get('key')).toEqual(new Uint8Array([1, 2]))
  })
})

describe('delay', () => {
  it('makes calls take longer, until recover', async () => {
    const store = createFaultyStore(createMemoryStore())
    store.delay('get', 30)
    const start = performance.now()
    await store.get('key')
    // A real wait: that is what a delay is. Timers may fire a fraction early.
    expect(performance.now() - start).toBeGreaterThan(25)
    store.recover()
    store.fail('get', { code: 'timeout' })
    expect((await errorOf(store.get('key')))?.code).toBe('timeout')
  })
})

describe('a faulty store', () => {
  it('keeps a list of the calls, without misuse and empty batches', async () => {
    const seen: string[] = []
    const store = createFaultyStore(createMemoryStore(), {
      onCall: (verb, keys) => seen.push(`${verb} ${keys.join()}`),
    })
    await store.get('a')
    await store.setMany([
      { key: 'b', value, ttl: minute },
      { key: 'c', value, ttl: minute },
    ])
    await store.getMany([])
    await store.get(1 as unknown as string).catch(() => {})
    await store.delete('b')
    expect(seen).toEqual(['get a', 'setMany b,c', 'delete b'])
    expect(store.calls.list()).toEqual([
      { verb: 'get', keys: ['a'] },
      { verb: 'setMany', keys: ['b', 'c'] },
      { verb: 'delete', keys: ['b'] },
    ])
    expect(store.calls.count('get')).toBe(1)
    expect(store.calls.count()).toBe(3)
    store.calls.clear()
    expect(store.calls.count()).toBe(0)
  })

  it('counts calls that fail', async () => {
    const store = createFaultyStore(createMemoryStore())
    store.fail('get')
    await errorOf(store.get('key'))
    expect(store.calls.count('get')).toBe(1)
  })

  it('has the abilities of the store below, and can be looked through', () => {
    const memory = createMemoryStore()
    const store = createFaultyStore(memory)
    expect(isInspectable(store) && isWatchable(store)).toBe(true)
    expect(innerStore(store)).toBe(memory)
    const less = createFaultyStore({ ...memory, scan: undefined, flush: undefined, watch: undefined } as TransientStore)
    expect(isInspectable(less) || isWatchable(less)).toBe(false)
  })

  it('works under other decorators', async () => {
    const faulty = createFaultyStore(createMemoryStore())
    const store = withPrefix(faulty, 'p:')
    faulty.fail('get', { key: 'p:key' })
    expect((await errorOf(store.get('key')))?.key).toBe('p:key')
    expect(await store.get('key')).toBeUndefined()
  })

  it('fails scans, flushes and watches', async () => {
    const store = createFaultyStore(createMemoryStore())
    for (const verb of ['scan', 'flush', 'watch'] as const) store.fail(verb)
    const scan = async () => store.scan('')[Symbol.asyncIterator]().next()
    expect(await errorOf(scan())).toMatchObject({ operation: 'scan', applied: undefined })
    expect(await errorOf(store.flush())).toMatchObject({ operation: 'flush', applied: 'no' })
    expect(await errorOf(store.watch('', () => {}))).toMatchObject({ operation: 'watch', applied: undefined })
    expect(await scan()).toMatchObject({ done: true })
  })
})
