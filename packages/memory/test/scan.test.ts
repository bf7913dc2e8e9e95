import { createMemoryStore } from '@transient/memory'
import { describe, expect, test } from 'vitest'
import { handClock } from './hand-clock.ts'
import { bytes } from './utf8-text.ts'

const forever = Number.POSITIVE_INFINITY

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
