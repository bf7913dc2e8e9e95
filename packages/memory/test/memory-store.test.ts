import { isTransientError, type StoreChange } from '@transient/core/store'
import { createMemoryStore, type MemoryStore } from '@transient/memory'
import { describe, expect, test } from 'vitest'
import { allKeys } from './all-keys.ts'
import { memoryInUse } from './memory-in-use.ts'
import { recordedWatch } from './recorded-watch.ts'
import { bytes, text } from './utf8-text.ts'

const forever = Number.POSITIVE_INFINITY

function listenerHolding(value: Uint8Array): (change: StoreChange) => void {
  return (change) => value.fill(change.type.length)
}

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

describe('keys', () => {
  const hostile = [
    '__proto__',
    'constructor',
    'hasOwnProperty',
    '',
    'proto__',
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
    const { changes } = await recordedWatch(store, '')
    for (const [index, key] of hostile.entries()) await store.set(key, bytes(`${index}`), forever)
    const values = await store.getMany(hostile)
    expect(values.map(text)).toEqual(hostile.map((_, index) => `${index}`))
    expect(await allKeys(store)).toEqual([...hostile].sort())
    for (const key of hostile)
      expect(await allKeys(store, key)).toEqual(hostile.filter((other) => other.startsWith(key)).sort())
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
    await store.watch('', listenerHolding(new Uint8Array(5_000_000)))
    await store.close()
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
    expect(memoryInUse() - before).toBeLessThan(3_000_000)
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
