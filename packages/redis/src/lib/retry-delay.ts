import type { Milliseconds } from '@transient/core/store'

const longest = 1000

/** How long to wait before the next attempt to connect, after `failures` in a row. The jitter keeps many processes from knocking together at a server that comes back. */
export function retryDelay(failures: number): Milliseconds {
  return Math.min(25 * 2 ** failures, longest) * (0.75 + Math.random() / 4)
}
