import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createStoreClock } from '../src/lib/store-clock.ts'

/** Computes until the real clock has gone on, without letting the event loop turn. */
function compute(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('the clock of a store', () => {
  test('reads the default clock once for the reads of one turn of the event loop', () => {
    const { recent } = createStoreClock(undefined)
    const first = recent()
    compute(3)
    expect(recent()).toBe(first)
  })

  test('has gone on after a turn', async () => {
    const { recent } = createStoreClock(undefined)
    const first = recent()
    // A real wait: this is about the real clock.
    await wait(5)
    expect(recent() - first).toBeGreaterThanOrEqual(4)
  })

  test('goes on after a hundred reads, though promises keep the loop from turning', async () => {
    const { recent } = createStoreClock(undefined)
    const first = recent()
    compute(3)
    for (let reads = 0; reads < 101; reads++) await Promise.resolve(recent())
    expect(recent() - first).toBeGreaterThanOrEqual(3)
  })

  test('is exact for writes, and for the reads that follow one', () => {
    const { exact, recent } = createStoreClock(undefined)
    const first = recent()
    compute(3)
    const written = exact()
    expect(written - first).toBeGreaterThanOrEqual(3)
    expect(recent()).toBe(written)
  })

  test('asks a clock it was given each time', () => {
    let now = 50
    const { recent } = createStoreClock(() => now)
    const first = recent()
    now += 7
    expect(recent() - first).toBe(7)
  })
})
