import type { RedisArgument, RedisCall } from './redis-client.ts'
import { compareAndSetScript, runScript } from './scripts.ts'

/** A swap as the server sees it. The bytes are copies: they may have to be sent twice. */
export interface Swap {
  readonly key: string
  readonly expected: RedisArgument
  /** Compare only the `expected` bytes with the beginning of the value. */
  readonly byStamp: boolean
  /** The new value and the expiry arguments of SET; `undefined` deletes. */
  readonly next: readonly RedisArgument[] | undefined
}

/**
 * Swaps by the server's own command where it has one (`SET … IFEQ`: Valkey 8.1, Redis 8.4; `DELIFEQ`: Valkey 9.1), else by a
 * script. Nobody is asked beforehand: the first refusal is remembered, so it costs one command once. A stamp is always
 * compared by the script, which reads a few bytes where the command would be sent the whole old value.
 */
export function createSwapper(call: RedisCall): (swap: Swap) => Promise<unknown> {
  let setsIfEqual = true
  let deletesIfEqual = true

  function byScript({ key, expected, byStamp, next = [] }: Swap): Promise<unknown> {
    const lastByte = byStamp ? String(expected.length - 1) : ''
    return runScript(call, compareAndSetScript, key, [expected, lastByte, ...next])
  }

  return (swap) => {
    const { key, expected, byStamp, next } = swap
    if (byStamp || !(next === undefined ? deletesIfEqual : setsIfEqual)) return byScript(swap)
    if (next === undefined) {
      return call('delifeq', [key, expected]).catch((error: unknown) => {
        if (!isReply(error, /^ERR unknown command/)) throw error
        deletesIfEqual = false
        return byScript(swap)
      })
    }
    const [value, ...expiry] = next as [RedisArgument, ...RedisArgument[]]
    return call('set', [key, value, 'IFEQ', expected, ...expiry]).catch((error: unknown) => {
      if (!isReply(error, /^ERR syntax error/)) throw error
      setsIfEqual = false
      return byScript(swap)
    })
  }
}

function isReply(error: unknown, pattern: RegExp): boolean {
  return error instanceof Error && pattern.test(error.message)
}
