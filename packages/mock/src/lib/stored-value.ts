import type { Redis } from 'ioredis'

/** A client of ioredis-mock with the storage inside it. Its commands work on that at once, before their promise resolves. */
export type MockRedis = Redis & {
  readonly data: { has(key: string): boolean; get(key: string): unknown; set(key: string, value: unknown): void }
}

/** The bytes of a key, null if it is absent. Throws as a server does for a list, a hash or a set. */
export function storedValue(mock: MockRedis, key: string): Buffer | null {
  // Asked first: `get` finds what every object inherits, for example 'constructor'.
  const held = mock.data.has(key) ? mock.data.get(key) : null
  if (held === null || Buffer.isBuffer(held)) return held
  if (typeof held === 'string') return Buffer.from(held)
  throw new Error('WRONGTYPE Operation against a key holding the wrong kind of value')
}
