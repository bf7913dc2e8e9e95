import type { SessionStoreOptions } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { shopOn } from './shop.ts'

/** A shop over a memory store, both on one clock that stands still until it is told otherwise. */
export function shopOnClock(options: Partial<SessionStoreOptions> = {}) {
  let time = 1_700_000_000_000
  const now = () => time
  const memory = createMemoryStore({ now })
  const shop = shopOn(createFaultyStore(memory), createFaultyStore(memory), {
    idleTimeout: '30m',
    absoluteTimeout: '2h',
    now,
    ...options,
  })
  return { ...shop, memory, now, start: time, pass: (span: number) => (time += span) }
}
