import { createMemoryStore } from '@transient/memory'
import { describe, expect, test, vi } from 'vitest'
import { allKeys } from './all-keys.ts'
import { handClock } from './hand-clock.ts'
import { bytes, text } from './utf8-text.ts'

const forever = Number.POSITIVE_INFINITY

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

  test('follows the fake timers of a test runner', async () => {
    const store = createMemoryStore()
    await store.set('before', bytes('v'), 60_000)
    vi.useFakeTimers()
    try {
      await store.set('k', bytes('v'), 1000)
      vi.advanceTimersByTime(999)
      expect(await store.ttl(['k'])).toEqual([1])
      vi.advanceTimersByTime(1)
      expect(await store.get('k')).toBeUndefined()
    } finally {
      vi.useRealTimers()
    }
    expect(text(await store.get('before'))).toBe('v')
  })

  test('has no timer that keeps the process alive', async () => {
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
