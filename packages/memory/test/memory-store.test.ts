import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isTransientError, type StoreChange } from '@transient/core/store'
import { createMemoryStore, type MemoryStore } from '@transient/memory'
import { describe, expect, test } from 'vitest'

const forever = Number.POSITIVE_INFINITY

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value)
}

/** A clock that stands still until it is told otherwise. */
function handClock(start = 0) {
  let at = start
  return {
    now: () => at,
    advance(ms: number) {
      at += ms
    },
  }
}

async function allKeys(store: MemoryStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const batch of store.scan(prefix)) keys.push(...batch)
  return keys.sort()
}

async function record(store: MemoryStore, prefix: string) {
  const changes: StoreChange[] = []
  const watch = await store.watch(prefix, (change) => changes.push(change))
  return { changes, watch }
}

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

function memoryInUse(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe('limits', () => {
  test('are set by default, on entries and on bytes', async () => {
    const store = createMemoryStore()
    for (let index = 0; index < 100_500; index++) await store.set(`k${index}`, new Uint8Array(1), forever)
    expect(store.usage().entries).toBe(100_000)
    for (let index = 0; index < 80; index++) await store.set(`large${index}`, new Uint8Array(1024 * 1024), forever)
    expect(store.usage().bytes).toBeLessThanOrEqual(64 * 1024 * 1024)
    expect(store.usage().bytes).toBeGreaterThan(62 * 1024 * 1024)
  })

  test('hold however many keys visitors make up, and the process grows no further than counted', async () => {
    const maxBytes = 8 * 1024 * 1024
    const store = createMemoryStore({ maxEntries: 10_000, maxBytes })
    const before = memoryInUse()
    for (let index = 0; index < 200_000; index++) {
      await store.set(`visitor:${index}:${'x'.repeat(index % 100)}`, new Uint8Array(index % 2000), 60_000)
      if (index % 10_000 !== 0) continue
      expect(store.usage().entries).toBeLessThanOrEqual(10_000)
      expect(store.usage().bytes).toBeLessThanOrEqual(maxBytes)
    }
    // The 512 bytes counted for each entry are more than V8 needs, so what it needs stays below the limit.
    expect(memoryInUse() - before).toBeLessThan(maxBytes)
    expect(store.usage().bytes).toBeGreaterThan(0.99 * maxBytes)
  })

  test('count a value, two bytes for each unit of the key and 512 for the entry', async () => {
    const store = createMemoryStore()
    await store.set('four', new Uint8Array(100), forever)
    expect(store.usage()).toEqual({ entries: 1, bytes: 100 + 8 + 512 })
    await store.set('four', new Uint8Array(7), forever)
    expect(store.usage()).toEqual({ entries: 1, bytes: 7 + 8 + 512 })
    await store.touch('four', 5)
    await store.get('four', { touch: 6 })
    expect(store.usage()).toEqual({ entries: 1, bytes: 7 + 8 + 512 })
    await store.delete('four')
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
  })

  test('push out the entry that was not used for the longest time', async () => {
    const store = createMemoryStore({ maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) await store.set(key, bytes(key), forever)
    await store.get('a')
    await store.touch('b', forever)
    await store.set('d', bytes('d'), forever)
    expect(await allKeys(store)).toEqual(['a', 'b', 'd'])
    await store.getMany(['a'])
    await store.set('e', bytes('e'), forever)
    expect(await allKeys(store)).toEqual(['a', 'd', 'e'])
  })

  test('push out several entries where one large value needs their room', async () => {
    const store = createMemoryStore({ maxBytes: 10 * 1024 })
    for (let index = 0; index < 8; index++) await store.set(`${index}`, new Uint8Array(500), forever)
    await store.set('large', new Uint8Array(6000), forever)
    expect(await allKeys(store)).toEqual(['5', '6', '7', 'large'])
    expect(store.usage().bytes).toBeLessThanOrEqual(10 * 1024)
  })

  test('leave one entry where only one may be', async () => {
    const store = createMemoryStore({ maxEntries: 1 })
    await store.set('a', bytes('1'), forever)
    await store.set('b', bytes('2'), forever)
    await store.set('b', bytes('3'), forever)
    expect(await allKeys(store)).toEqual(['b'])
    expect(text(await store.get('b'))).toBe('3')
  })

  test('are not paid for by the text that a key was cut out of', async () => {
    const store = createMemoryStore()
    const before = memoryInUse()
    for (let index = 0; index < 200; index++) {
      const request = Buffer.alloc(100_000, `${String(index).padStart(16, '0')};`).toString('latin1')
      await store.set(request.slice(0, 16), new Uint8Array(1), forever)
    }
    expect(store.usage().entries).toBe(200)
    expect(memoryInUse() - before).toBeLessThan(2_000_000)
  })

  test('cost nothing before there are entries', () => {
    const before = memoryInUse()
    const stores = Array.from({ length: 100 }, () => createMemoryStore({ maxEntries: 2 ** 23 }))
    expect(memoryInUse() - before).toBeLessThan(2_000_000)
    expect(stores).toHaveLength(100)
  })

  test('that make no sense are refused at creation', () => {
    for (const limit of [0, -1, 1.5, Number.NaN, forever, '5' as unknown as number]) {
      for (const name of ['maxEntries', 'maxBytes', 'maxValueBytes'])
        expect(() => createMemoryStore({ [name]: limit })).toThrow(RangeError)
    }
    expect(() => createMemoryStore({ maxEntries: 2 ** 23 + 1 })).toThrow('maxEntries must be a whole number')
    expect(() => createMemoryStore({ maxBytes: 512 })).toThrow('maxBytes')
    expect(() => createMemoryStore({ maxBytes: 1512, maxValueBytes: 1001 })).toThrow('maxValueBytes')
    expect(() => createMemoryStore({ now: 5 as unknown as () => number })).toThrow(TypeError)
    expect(() => createMemoryStore({ maxEntries: 0 })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('a value over the limit', () => {
  const refused = { code: 'too-large', applied: 'no' }

  test('is refused by every verb that writes, and leaves the old one with its expiry', async () => {
    const clock = handClock()
    const store = createMemoryStore({ maxValueBytes: 4, now: clock.now })
    const old = bytes('9999')
    const large = bytes('12345')
    await store.set('k', old, 1000)
    clock.advance(100)
    await expect(store.set('k', large, 50)).rejects.toMatchObject({ ...refused, operation: 'set', key: 'k' })
    await expect(store.compareAndSet('k', old, large, 50)).rejects.toMatchObject({ ...refused, key: 'k' })
    await expect(store.compareAndSet('k', bytes('no'), large, 50)).rejects.toMatchObject(refused)
    await expect(store.increment('k', 1, 50)).rejects.toMatchObject({ ...refused, operation: 'increment' })
    expect(text(await store.get('k'))).toBe('9999')
    expect(await store.ttl(['k'])).toEqual([900])
  })

  test('in a batch leaves all of the batch unwritten', async () => {
    const store = createMemoryStore({ maxValueBytes: 4 })
    const batch = [
      { key: 'a', value: bytes('1'), ttl: 10 },
      { key: 'b', value: bytes('12345'), ttl: 10 },
    ]
    await expect(store.setMany(batch)).rejects.toMatchObject({ ...refused, operation: 'setMany', key: 'b' })
    expect(store.usage().entries).toBe(0)
  })

  test('counts its key where both together are over all there is', async () => {
    const store = createMemoryStore({ maxBytes: 2000 })
    await store.set('k', new Uint8Array(2000 - 512 - 2), forever)
    expect(store.usage()).toEqual({ entries: 1, bytes: 2000 })
    await expect(store.set('kk', new Uint8Array(2000 - 512 - 2), forever)).rejects.toMatchObject(refused)
    await expect(store.set('k'.repeat(1000), new Uint8Array(1), forever)).rejects.toMatchObject(refused)
    expect(await allKeys(store)).toEqual(['k'])
  })

  test('of 5 MB is below the limit unless told otherwise', async () => {
    const store = createMemoryStore()
    await store.set('k', new Uint8Array(5_000_000).fill(7), forever)
    expect((await store.get('k'))?.length).toBe(5_000_000)
  })
})

describe('the clock', () => {
  test('makes an entry live for its time and not a millisecond more', async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    await store.set('k', bytes('v'), 1)
    expect(await store.ttl(['k'])).toEqual([1])
    expect(text(await store.get('k'))).toBe('v')
    clock.advance(1)
    expect(await store.ttl(['k'])).toEqual([undefined])
    expect(await store.get('k')).toBeUndefined()
  })

  test.each([0, -5000, 1, 0.25, 1_800_000_000_000])('may begin at %d', async (start) => {
    const clock = handClock(start)
    const store = createMemoryStore({ now: clock.now })
    await store.set('k', bytes('v'), 1000)
    clock.advance(999)
    expect(await store.ttl(['k'])).toEqual([1])
    expect(await store.touch('k', 500)).toBe(true)
    clock.advance(499)
    expect(text(await store.get('k'))).toBe('v')
    clock.advance(1)
    expect(await store.get('k')).toBeUndefined()
  })

  test('may count fractions: what is left is rounded up', async () => {
    const clock = handClock(10.5)
    const store = createMemoryStore({ now: clock.now })
    await store.set('k', bytes('v'), 3)
    clock.advance(0.25)
    expect(await store.ttl(['k'])).toEqual([3])
    clock.advance(2.5)
    expect(await store.ttl(['k'])).toEqual([1])
    clock.advance(0.25)
    expect(await store.ttl(['k'])).toEqual([undefined])
  })

  test('may be set back: time stands still for that step and then goes on', async () => {
    const clock = handClock(1_800_000_000_000)
    const store = createMemoryStore({ now: clock.now })
    await store.set('before', bytes('v'), 1000)
    clock.advance(400)
    expect(await store.ttl(['before'])).toEqual([600])
    clock.advance(-3_600_000)
    expect(await store.ttl(['before'])).toEqual([600])
    await store.set('after', bytes('v'), 600)
    clock.advance(599)
    expect(await store.ttl(['before', 'after'])).toEqual([1, 1])
    clock.advance(-3_600_000)
    clock.advance(1)
    expect(await store.getMany(['before', 'after'])).toEqual([bytes('v'), bytes('v')])
    clock.advance(1)
    expect(await store.getMany(['before', 'after'])).toEqual([undefined, undefined])
  })

  test('is never asked to end an entry without expiry', async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    await store.set('ended', bytes('v'), 5)
    await store.set('k', bytes('v'), forever)
    await store.set('kept', bytes('v'), 5)
    await store.touch('kept', forever)
    clock.advance(Number.MAX_SAFE_INTEGER / 4)
    expect(await store.ttl(['ended', 'k', 'kept'])).toEqual([undefined, forever, forever])
  })

  test('takes the longest expiry there is', async () => {
    const clock = handClock(1_800_000_000_000)
    const store = createMemoryStore({ now: clock.now })
    await store.set('k', bytes('v'), Number.MAX_SAFE_INTEGER)
    clock.advance(1000)
    expect(await store.ttl(['k'])).toEqual([Number.MAX_SAFE_INTEGER - 1000])
  })

  test('makes an expired key absent for every verb', async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    const expired = async (key: string) => {
      await store.set(key, bytes('5'), 10)
      clock.advance(10)
      return key
    }
    expect(await store.get(await expired('a'), { touch: 50 })).toBeUndefined()
    expect(await store.getMany([await expired('b')])).toEqual([undefined])
    expect(await store.delete(await expired('c'))).toBe(0)
    expect(await store.touch(await expired('d'), 50)).toBe(false)
    expect(await store.ttl([await expired('e')])).toEqual([undefined])
    expect(await store.take(await expired('f'))).toBeUndefined()
    expect(await store.compareAndSet(await expired('g'), bytes('5'), bytes('6'), 'keep')).toBe(false)
    expect(await store.compareAndSet(await expired('h'), bytes('5'), null)).toBe(false)
    expect(await store.compareAndSet(await expired('i'), null, bytes('6'), 50)).toBe(true)
    expect(await store.increment(await expired('j'), 1, 50)).toEqual({ value: 1, ttl: 50 })
    await expired('k')
    expect(await allKeys(store)).toEqual(['i', 'j'])
  })

  test('does not prolong what increment and keep leave alone', async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    await store.set('swapped', bytes('0'), 1000)
    expect(await store.increment('counted', 5, 1000)).toEqual({ value: 5, ttl: 1000 })
    for (let step = 1; step <= 9; step++) {
      clock.advance(100)
      expect(await store.increment('counted', -1, 9999)).toEqual({ value: 5 - step, ttl: 1000 - step * 100 })
      expect(await store.compareAndSet('swapped', bytes(`${step - 1}`), bytes(`${step}`), 'keep')).toBe(true)
      expect(await store.ttl(['swapped'])).toEqual([1000 - step * 100])
    }
    clock.advance(100)
    expect(await store.getMany(['counted', 'swapped'])).toEqual([undefined, undefined])
  })

  test('leaves a counter without expiry without one', async () => {
    const store = createMemoryStore()
    await store.increment('k', 1, forever)
    expect(await store.increment('k', 1, 5)).toEqual({ value: 2, ttl: forever })
  })

  test('is one that nobody sets by default, and lets time pass', async () => {
    const store = createMemoryStore()
    await store.set('k', bytes('v'), 20)
    const started = performance.now()
    expect(await store.ttl(['k'])).toEqual([20])
    // A real wait: this is about the real clock.
    while (performance.now() - started < 21) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await store.get('k')).toBeUndefined()
  })

  test('needs no timers', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate')
    const before = timers()
    const store = createMemoryStore()
    await store.watch('', () => undefined)
    await store.set('k', bytes('v'), 10_000)
    await store.get('k', { touch: 500 })
    await store.ttl(['k'])
    expect(timers()).toEqual(before)
  })
})

describe('bytes', () => {
  test('are copied in: changing the input changes nothing stored', async () => {
    const store = createMemoryStore()
    const input = bytes('abc')
    const change = async (write: (key: string) => Promise<unknown>) => {
      const written = write('k')
      // Changed before the promise is waited for: the copy is taken at the call.
      input.fill(0)
      await written
      expect(text(await store.get('k'))).toBe('abc')
      input.set(bytes('abc'))
    }
    await change((key) => store.set(key, input, forever))
    await change((key) => store.setMany([{ key, value: input, ttl: forever }]))
    await change((key) => store.compareAndSet(key, bytes('abc'), input, forever))
    await store.delete('k')
    await change((key) => store.compareAndSet(key, null, input, forever))
  })

  test('are copied out of the pool of a Buffer, as a plain Uint8Array of their own', async () => {
    const store = createMemoryStore()
    await store.set('k', Buffer.from('abc'), forever)
    const value = await store.get('k')
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype)
    expect(value?.buffer.byteLength).toBe(3)
  })

  test('are handed out without a copy', async () => {
    const store = createMemoryStore()
    await store.set('k', bytes('abc'), forever)
    const value = await store.get('k')
    expect(await store.get('k')).toBe(value)
    expect((await store.getMany(['k']))[0]).toBe(value)
  })

  test('read earlier never change, whatever is written later', async () => {
    const store = createMemoryStore()
    const stages: [string, () => Promise<unknown>][] = [
      ['10', () => store.increment('k', 1, forever)],
      ['11', () => store.compareAndSet('k', bytes('11'), bytes('22'), 'keep')],
      ['22', () => store.set('k', bytes('33'), forever)],
      ['33', () => store.setMany([{ key: 'k', value: bytes('44'), ttl: forever }])],
      ['44', () => store.take('k')],
    ]
    await store.set('k', bytes('10'), forever)
    for (const [expected, write] of stages) {
      const value = await store.get('k')
      expect(text(value)).toBe(expected)
      await write()
      expect(text(value)).toBe(expected)
    }
  })

  test('are compared to the last one, short or long, or by their stamp alone', async () => {
    const store = createMemoryStore()
    for (const length of [2, 64, 65, 100_000]) {
      const value = new Uint8Array(length).fill(1)
      const longer = new Uint8Array(length + 1).fill(1)
      await store.set('k', value, forever)
      expect(await store.compareAndSet('k', longer, bytes('no'), forever)).toBe(false)
      const other = value.slice()
      other[length - 1] = 2
      expect(await store.compareAndSet('k', other, bytes('no'), forever)).toBe(false)
      expect(await store.compareAndSet('k', other, other, forever, { stamp: length })).toBe(false)
      expect(await store.compareAndSet('k', other, value, forever, { stamp: length - 1 })).toBe(true)
      expect(await store.compareAndSet('k', longer, longer, forever, { stamp: length + 1 })).toBe(false)
      expect(await store.compareAndSet('k', value, value, forever)).toBe(true)
    }
    await store.set('k', bytes(''), forever)
    expect(await store.compareAndSet('k', bytes('a'), bytes('b'), forever, { stamp: 1 })).toBe(false)
    expect(await store.compareAndSet('k', bytes('a'), bytes('b'), forever)).toBe(false)
    expect(await store.compareAndSet('k', bytes(''), bytes('b'), forever)).toBe(true)
  })

  test('whose buffer was transferred away are refused, and nothing of their batch is stored', async () => {
    const store = createMemoryStore()
    const buffer = new ArrayBuffer(4)
    const gone = new Uint8Array(buffer)
    structuredClone(buffer, { transfer: [buffer] })
    const batch = [
      { key: 'a', value: bytes('1'), ttl: forever },
      { key: 'b', value: gone, ttl: forever },
    ]
    await expect(store.setMany(batch)).rejects.toThrow(TypeError)
    await expect(store.set('b', gone, forever)).rejects.toThrow(TypeError)
    expect(store.usage().entries).toBe(0)
  })
})

describe('a counter', () => {
  test.each([
    '',
    ' 1',
    '1 ',
    '+1',
    '01',
    '-0',
    '1.0',
    '1e3',
    '0x1',
    'NaN',
    '١',
    '9007199254740992',
    '-9007199254740992',
    '1\n',
  ])('is not %j', async (content) => {
    const store = createMemoryStore()
    await store.set('k', bytes(content), forever)
    const refused = { code: 'not-a-counter', applied: 'no', operation: 'increment', key: 'k' }
    await expect(store.increment('k', 1, 50)).rejects.toMatchObject(refused)
    expect(text(await store.get('k'))).toBe(content)
    expect(await store.ttl(['k'])).toEqual([forever])
  })

  test('goes to the ends of the safe integers and not beyond', async () => {
    const store = createMemoryStore()
    for (const end of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      const step = Math.sign(end)
      await store.set('k', bytes(String(end - step)), forever)
      expect(await store.increment('k', step, 50)).toEqual({ value: end, ttl: forever })
      await expect(store.increment('k', step, 50)).rejects.toMatchObject({ code: 'overflow', applied: 'no' })
      expect(text(await store.get('k'))).toBe(String(end))
      expect(await store.increment('k', -end, 50)).toEqual({ value: 0, ttl: forever })
    }
  })
})

describe('an emptied store', () => {
  test('gives its memory back and works on', async () => {
    const store = createMemoryStore()
    const before = memoryInUse()
    const fill = async () => {
      for (let index = 0; index < 20_000; index++) await store.set(`k${index}`, new Uint8Array(100), 60_000)
    }
    await fill()
    await store.flush()
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
    expect(memoryInUse() - before).toBeLessThan(1_000_000)
    await fill()
    await store.delete(await allKeys(store))
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
    expect(memoryInUse() - before).toBeLessThan(1_000_000)
    await store.set('k', bytes('v'), 60_000)
    expect(text(await store.take('k'))).toBe('v')
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
  })

  test('gives its memory back too if the last entry expired', async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    const before = memoryInUse()
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}`)
    for (const key of keys) await store.set(key, new Uint8Array(1), 60_000)
    clock.advance(60_000)
    for (const key of keys) expect(await store.get(key)).toBeUndefined()
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
    keys.length = 0
    expect(memoryInUse() - before).toBeLessThan(500_000)
  })
})

describe('scan', () => {
  test('sees each key that stays, whatever is read, written and deleted meanwhile', async () => {
    const store = createMemoryStore()
    const staying = Array.from({ length: 2000 }, (_, index) => `stay:${index}`)
    for (const key of staying) await store.set(key, bytes('v'), forever)
    for (let index = 0; index < 1000; index++) await store.set(`go:${index}`, bytes('v'), forever)
    const seen: string[] = []
    let round = 0
    for await (const batch of store.scan('')) {
      seen.push(...batch)
      if (round++ === 0) await store.delete(Array.from({ length: 1000 }, (_, index) => `go:${index}`))
      for (const key of staying) if (Math.random() < 0.5) await store.get(key)
      for (const key of staying) if (Math.random() < 0.5) await store.set(key, bytes('w'), forever)
      await store.set(`new:${round}`, bytes('v'), forever)
    }
    expect(round).toBeGreaterThan(2)
    expect(new Set(seen.filter((key) => key.startsWith('stay:')))).toEqual(new Set(staying))
  })

  test('ends although writers never stop, and leaves out what expires on the way', async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    for (let index = 0; index < 1000; index++) await store.set(`${index}`, bytes('v'), 10)
    let batches = 0
    for await (const batch of store.scan('')) {
      batches++
      for (const key of batch) await store.set(`${key}'`, bytes('v'), 1000)
      clock.advance(10)
    }
    expect(batches).toBe(1)
  })

  test('stops with closed when the store is closed on the way', async () => {
    const store = createMemoryStore()
    for (let index = 0; index < 1000; index++) await store.set(`${index}`, bytes('v'), forever)
    const walk = async () => {
      const batches = store.scan('')[Symbol.asyncIterator]()
      await batches.next()
      await store.close()
      await batches.next()
    }
    await expect(walk()).rejects.toMatchObject({ code: 'closed', operation: 'scan' })
  })
})

describe('watch', () => {
  test('reports each verb that changes something, before its promise resolves', async () => {
    const store = createMemoryStore()
    const { changes } = await record(store, 'k')
    const verbs: (() => Promise<unknown>)[] = [
      () => store.set('k', bytes('1'), forever),
      () => store.increment('k', 1, forever),
      () => store.touch('k', 500),
      () => store.get('k', { touch: 600 }),
      () => store.compareAndSet('k', bytes('2'), bytes('3'), 'keep'),
      () => store.compareAndSet('k', bytes('3'), null),
      () => store.compareAndSet('k', null, bytes('4'), 500),
      () => store.take('k'),
      () => store.setMany([{ key: 'k', value: bytes('5'), ttl: 500 }]),
      () => store.delete('k'),
    ]
    for (const verb of verbs) {
      await verb()
      expect(changes.splice(0)).toEqual([{ type: 'changed', keys: ['k'] }])
    }
    await store.flush()
    expect(changes.splice(0)).toEqual([{ type: 'gap' }])
  })

  test('reports nothing for a read, or for a write that found nothing to change', async () => {
    const store = createMemoryStore({ maxValueBytes: 10 })
    await store.set('k', bytes('text'), forever)
    const { changes } = await record(store, '')
    await store.get('k')
    await store.getMany(['k'])
    await store.ttl(['k'])
    await store.get('absent', { touch: 5 })
    await store.touch('absent', 5)
    await store.take('absent')
    await store.delete(['absent'])
    await store.setMany([])
    await store.compareAndSet('k', bytes('other'), bytes('x'), 5)
    await expect(store.increment('k', 1, 5)).rejects.toMatchObject({ code: 'not-a-counter' })
    await expect(store.set('k', new Uint8Array(11), 5)).rejects.toMatchObject({ code: 'too-large' })
    expect(changes).toEqual([])
  })

  test('reports what a limit pushed out, with what pushed it', async () => {
    const store = createMemoryStore({ maxEntries: 2, maxBytes: 4000 })
    for (const key of ['a', 'b']) await store.set(key, new Uint8Array(500), forever)
    const { changes } = await record(store, '')
    const onlyA = await record(store, 'a')
    await store.set('c', new Uint8Array(500), forever)
    await store.set('d', new Uint8Array(3400), forever)
    await store.setMany(['e', 'f', 'g'].map((key) => ({ key, value: new Uint8Array(1), ttl: 5 })))
    expect(changes).toEqual([
      { type: 'changed', keys: ['c', 'a'] },
      { type: 'changed', keys: ['d', 'b', 'c'] },
      { type: 'changed', keys: ['e', 'f', 'g', 'd', 'e'] },
    ])
    expect(onlyA.changes).toEqual([{ type: 'changed', keys: ['a'] }])
  })

  test('does not tell a later watcher of what was pushed out earlier', async () => {
    const store = createMemoryStore({ maxEntries: 1 })
    await store.set('a', bytes('1'), forever)
    await store.set('b', bytes('1'), forever)
    const { changes } = await record(store, '')
    await store.touch('b', 5)
    expect(changes).toEqual([{ type: 'changed', keys: ['b'] }])
  })

  test('does not report expiry', async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    await store.set('k', bytes('v'), 10)
    const { changes } = await record(store, '')
    clock.advance(10)
    await store.get('k')
    expect(changes).toEqual([])
  })

  test('tells each of overlapping watchers its own keys, once for a batch', async () => {
    const store = createMemoryStore()
    const watched = new Map<string, StoreChange[]>()
    for (const prefix of ['', 'user:', 'user:1', 'user:1', 'user:12', 'other', '*'])
      watched.set(`${prefix}#${watched.size}`, (await record(store, prefix)).changes)
    const keys = ['user:1', 'user:12', 'user:2', 'use', 'other*']
    await store.setMany(keys.map((key) => ({ key, value: bytes('v'), ttl: forever })))
    expect(Object.fromEntries(watched)).toEqual({
      '#0': [{ type: 'changed', keys }],
      'user:#1': [{ type: 'changed', keys: ['user:1', 'user:12', 'user:2'] }],
      'user:1#2': [{ type: 'changed', keys: ['user:1', 'user:12'] }],
      'user:1#3': [{ type: 'changed', keys: ['user:1', 'user:12'] }],
      'user:12#4': [{ type: 'changed', keys: ['user:12'] }],
      'other#5': [{ type: 'changed', keys: ['other*'] }],
      '*#6': [],
    })
  })

  test('is not disturbed by a listener that throws: the process is warned once', async () => {
    const store = createMemoryStore()
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    await store.watch('', () => {
      throw new Error('a fault of the listener')
    })
    const { changes } = await record(store, '')
    await store.set('a', bytes('1'), forever)
    await store.set('b', bytes('1'), forever)
    await store.flush()
    expect(changes).toHaveLength(3)
    // Node emits a warning in the next tick.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings.map(({ name, message }) => [name, message.includes('a fault of the listener')])).toEqual([
      ['TransientWarning', true],
    ])
  })

  test('gives each listener a list of its own', async () => {
    const store = createMemoryStore()
    await store.watch('', (change) => {
      if (change.type === 'changed') (change.keys as string[]).length = 0
    })
    const { changes } = await record(store, '')
    await store.set('k', bytes('v'), forever)
    expect(changes).toEqual([{ type: 'changed', keys: ['k'] }])
  })

  test('ends when its handle is disposed, also twice, also by a listener, also for one told in the same round', async () => {
    const store = createMemoryStore()
    const second: { watch?: AsyncDisposable } = {}
    await store.watch('', () => void second.watch?.[Symbol.asyncDispose]())
    const { changes, watch } = await record(store, '')
    second.watch = watch
    const third = await record(store, '')
    await store.set('k', bytes('v'), forever)
    expect(changes).toEqual([])
    expect(third.changes).toHaveLength(1)
    await watch[Symbol.asyncDispose]()
    await third.watch[Symbol.asyncDispose]()
    await third.watch[Symbol.asyncDispose]()
    await store.set('k', bytes('w'), forever)
    expect(third.changes).toHaveLength(1)
  })

  test('lets a listener use the store', async () => {
    const store = createMemoryStore()
    let mirrored: Promise<void> | undefined
    await store.watch('source', () => {
      mirrored = store.set('mirror', bytes('seen'), forever)
    })
    const { changes } = await record(store, '')
    await store.set('source', bytes('v'), forever)
    await mirrored
    expect(text(await store.get('mirror'))).toBe('seen')
    expect(changes.flatMap((change) => (change.type === 'changed' ? change.keys : [])).sort()).toEqual([
      'mirror',
      'source',
    ])
  })

  test('is refused on a closed store, and ends with the store', async () => {
    const store = createMemoryStore()
    const { changes, watch } = await record(store, '')
    await store.close()
    await expect(store.watch('', () => undefined)).rejects.toMatchObject({ code: 'closed', operation: 'watch' })
    await watch[Symbol.asyncDispose]()
    expect(changes).toEqual([])
  })
})

describe('keys', () => {
  const hostile = [
    '__proto__',
    'constructor',
    'hasOwnProperty',
    '',
    '\0',
    'a\0b',
    '\n',
    '😀',
    'ÅÄÖ',
    '*?[]\\',
    '\u2028',
    'k'.repeat(1_000_000),
  ]

  test('may be anything, however hostile, and are kept apart', async () => {
    const store = createMemoryStore()
    const { changes } = await record(store, '')
    for (const [index, key] of hostile.entries()) await store.set(key, bytes(`${index}`), forever)
    const values = await store.getMany(hostile)
    expect(values.map(text)).toEqual(hostile.map((_, index) => `${index}`))
    expect(await allKeys(store)).toEqual([...hostile].sort())
    for (const key of hostile) expect(await allKeys(store, key)).toContain(key)
    expect(changes).toEqual(hostile.map((key) => ({ type: 'changed', keys: [key] })))
    expect(await store.delete([...hostile, ...hostile])).toBe(hostile.length)
  })
})

describe('a closed store', () => {
  const verbs: [string, (store: MemoryStore) => Promise<unknown>][] = [
    ['get', (store) => store.get('k')],
    ['getMany', (store) => store.getMany(['k'])],
    ['set', (store) => store.set('k', bytes('v'), 5)],
    ['setMany', (store) => store.setMany([{ key: 'k', value: bytes('v'), ttl: 5 }])],
    ['delete', (store) => store.delete('k')],
    ['touch', (store) => store.touch('k', 5)],
    ['ttl', (store) => store.ttl(['k'])],
    ['take', (store) => store.take('k')],
    ['compareAndSet', (store) => store.compareAndSet('k', null, bytes('v'), 5)],
    ['increment', (store) => store.increment('k', 1, 5)],
    ['scan', (store) => allKeys(store)],
    ['flush', (store) => store.flush()],
  ]

  test.each(verbs)('rejects %s, never throws', async (operation, use) => {
    const store = createMemoryStore()
    await store.set('k', bytes('v'), forever)
    await store[Symbol.asyncDispose]()
    await store.close()
    const failure = await use(store).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(isTransientError(failure)).toBe(true)
    expect(failure).toMatchObject({ code: 'closed', operation })
    const reads = ['get', 'getMany', 'ttl', 'scan']
    expect(failure).toMatchObject({ applied: reads.includes(operation) ? undefined : 'no' })
  })

  test('holds nothing', async () => {
    const store = createMemoryStore()
    const before = memoryInUse()
    await store.set('k', new Uint8Array(5_000_000), forever)
    await store.close()
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
    expect(memoryInUse() - before).toBeLessThan(1_000_000)
  })

  test('names misuse first', async () => {
    const store = createMemoryStore()
    await store.close()
    await expect(store.get(5 as unknown as string)).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(store.set('k', bytes('v'), 0)).rejects.toBeInstanceOf(RangeError)
    await expect(allKeys(store, '\ud800')).rejects.toBeInstanceOf(TypeError)
    await expect(store.watch('', 5 as unknown as () => void)).rejects.toBeInstanceOf(TypeError)
  })
})

test('verbs need no receiver', async () => {
  const { set, get, close } = createMemoryStore()
  await set('k', bytes('v'), forever)
  expect(text(await get('k'))).toBe('v')
  await close()
})
