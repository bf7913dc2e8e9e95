import { createHash } from 'node:crypto'
import type { RedisArgument, RedisCall } from './redis-client.ts'

/** A Lua script over one key. One key, so that on a cluster it goes where the key is. */
export interface RedisScript {
  readonly text: string
  readonly sha: string
}

function script(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/**
 * ARGV: expected bytes, index of the last byte to compare ('' compares all), then nothing (delete) or the arguments of SET.
 * GETRANGE reads a stamp without copying the value behind it; of an absent key it is empty, which no stamp is.
 */
export const compareAndSetScript = script(`local held
if ARGV[2] == '' then held = redis.call('GET', KEYS[1]) else held = redis.call('GETRANGE', KEYS[1], 0, ARGV[2]) end
if held ~= ARGV[1] then return 0 end
if ARGV[3] then redis.call('SET', KEYS[1], unpack(ARGV, 3)) else redis.call('DEL', KEYS[1]) end
return 1`)

/**
 * ARGV: delta, then the expiry arguments of SET for a new counter. INCRBY would take text such as '-0' or a 64-bit integer
 * for a number; a counter here is the one text that a safe integer has. The sum is a float on purpose: two safe integers
 * cannot leave what a double tells apart from the limit.
 */
export const incrementScript = script(`local held = redis.call('GET', KEYS[1])
local sum = ARGV[1]
if held then
  if not (held == '0' or string.find(held, '^%-?[1-9]%d*$')) then return 'not-a-counter' end
  local number = tonumber(held) + 0.0
  if #held > 17 or number > 9007199254740991 or number < -9007199254740991 then return 'not-a-counter' end
  number = number + tonumber(ARGV[1])
  if number > 9007199254740991 or number < -9007199254740991 then return 'overflow' end
  redis.call('INCRBY', KEYS[1], ARGV[1])
  sum = string.format('%.0f', number)
else
  redis.call('SET', KEYS[1], unpack(ARGV))
end
return {sum, redis.call('PTTL', KEYS[1])}`)

/** Takes away the expiry; PERSIST alone cannot tell an absent key from one that had no expiry. */
export const persistScript = script(`if redis.call('PERSIST', KEYS[1]) == 1 then return 1 end
return redis.call('EXISTS', KEYS[1])`)

/**
 * Runs a script by its hash, and with its text where the server does not know it (the first time, after a restart, after a
 * failover, after SCRIPT FLUSH). The arguments may be sent twice: they must not be the caller's memory.
 */
export function runScript(
  call: RedisCall,
  { text, sha }: RedisScript,
  key: string,
  args: readonly RedisArgument[],
): Promise<unknown> {
  return call('evalsha', [sha, '1', key, ...args]).catch((error: unknown) => {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return call('eval', [text, '1', key, ...args])
  })
}
