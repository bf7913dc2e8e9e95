import { type Milliseconds, misuse } from '@transient/core/store'
import type { RedisClient } from './redis-client.ts'

/** Options of `createRedisStore`. */
export interface RedisStoreOptions {
  /** The largest value in bytes; a larger one rejects with `too-large`. Default 512 MiB, the server's own default limit. */
  readonly maxValueBytes?: number
  /** About how many keys the server looks at in one step of `scan`. Default 500. */
  readonly scanCount?: number
  /**
   * Milliseconds between two signs of life that `watch` asks of the server. When one does not come until the next is due,
   * watchers are told of a gap: changes go unnoticed for twice this time at most. Default 1000.
   */
  readonly watchHeartbeat?: Milliseconds
}

/** Options of `createRedisStore` for a connection the store opens itself. */
export interface RedisConnectionOptions extends RedisStoreOptions {
  /** Milliseconds an attempt to connect may take, handshake included; the first commands wait for it. Default 3000. */
  readonly connectTimeout?: Milliseconds
  /** Milliseconds the server may say nothing while commands wait, before the connection is given up. Default 5000. */
  readonly responseTimeout?: Milliseconds
}

const defaults = {
  maxValueBytes: 512 * 1024 * 1024,
  scanCount: 500,
  watchHeartbeat: 1000,
  connectTimeout: 3000,
  responseTimeout: 5000,
}

// What a timer of Node can wait.
const longestTimer = 2 ** 31 - 1

/** The options with their defaults. Throws a `RangeError` for a number out of range, a `TypeError` for what does not go together. */
export function resolveOptions(options: RedisConnectionOptions, target: string | RedisClient): typeof defaults {
  const resolved = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof typeof defaults)[]) {
    const chosen = options[name]
    if (chosen === undefined) continue
    const timeout = name === 'connectTimeout' || name === 'responseTimeout'
    if (timeout && typeof target !== 'string')
      throw misuse(new TypeError(`${name} belongs to a connection the store opens; set it on the client itself`))
    const waits = timeout || name === 'watchHeartbeat'
    if (!Number.isSafeInteger(chosen) || chosen < 1 || (waits && chosen > longestTimer))
      throw misuse(new RangeError(`${name} must be a positive whole number, not ${String(chosen)}`))
    resolved[name] = chosen
  }
  return resolved
}
