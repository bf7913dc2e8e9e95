import { createMemoryStore } from '@transient/memory'
import { describe, expect, test } from 'vitest'
import { allKeys } from './all-keys.ts'
import { handClock } from './hand-clock.ts'
import { memoryInUse } from './memory-in-use.ts'
import { bytes, text } from './utf8-text.ts'

const forever = Number.POSITIVE_INFINITY
// A hundred thousand writes take half a second, and longer on a busy machine.
const patient = { timeout: 60_000 }

describe('limits', () => {
  test('are set by default, on entries and on bytes', patient, async () => {
    const store = createMemoryStore()
    for (let index = 0; index < 100_500; index++) await store.set(`k${index}`, new Uint8Array(1), forever)
    expect(store.usage().entries).toBe(100_000)
    for (let index = 0; index < 80; index++) await store.set(`large${index}`, new Uint8Array(1024 * 1024), forever)
    expect(store.usage().bytes).toBeLessThanOrEqual(64 * 1024 * 1024)
    expect(store.usage().bytes).toBeGreaterThan(62 * 1024 * 1024)
  })

  test('hold however many keys visitors make up, and the process grows no further than counted', patient, async () => {
    const maxBytes = 8 * 1024 * 1024
    const store = createMemoryStore({ maxEntries: 10_000, maxBytes })
    const before = memoryInUse()
    for (let index = 0; index < 60_000; index++) {
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
    await store.touch('four', 50_000)
    await store.get('four', { touch: 60_000 })
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
    expect(memoryInUse() - before).toBeLessThan(5_000_000)
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

describe('an emptied store', () => {
  test('gives its memory back and works on', patient, async () => {
    const store = createMemoryStore()
    const before = memoryInUse()
    const fill = async () => {
      for (let index = 0; index < 100_000; index++) await store.set(`k${index}`, new Uint8Array(1), 60_000)
    }
    await fill()
    await store.flush()
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
    expect(memoryInUse() - before).toBeLessThan(3_000_000)
    await fill()
    await store.delete(await allKeys(store))
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
    expect(memoryInUse() - before).toBeLessThan(3_000_000)
    await store.set('k', bytes('v'), 60_000)
    expect(text(await store.take('k'))).toBe('v')
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
  })

  test('gives its memory back too if the last entry expired', patient, async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    const before = memoryInUse()
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}`)
    for (const key of keys) await store.set(key, new Uint8Array(1), 60_000)
    clock.advance(60_000)
    for (const key of keys) await store.get(key)
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
    keys.length = 0
    expect(memoryInUse() - before).toBeLessThan(3_000_000)
  })
})
