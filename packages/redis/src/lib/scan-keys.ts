import { isUtf8 } from 'node:buffer'
import type { RedisArgument } from './redis-client.ts'

/** A prefix as a pattern for SCAN … MATCH that matches only what begins with it, character by character. */
export function prefixPattern(prefix: string): string {
  return `${prefix.replace(/[\\*?[\]^]/g, '\\$&')}*`
}

/**
 * The keys that begin with `prefix`, in batches, by SCAN. `scan` sends one SCAN with the arguments it is given.
 *
 * A key that is not valid UTF-8 is left out: no string names it, so no verb of this library could have written it or could reach it.
 */
export async function* scanKeys(
  scan: (args: RedisArgument[]) => Promise<unknown>,
  prefix: string,
  count: number,
): AsyncGenerator<readonly string[], void, undefined> {
  const match = prefix === '' ? [] : ['match', prefixPattern(prefix)]
  let cursor = '0'
  do {
    const [next, found] = (await scan([cursor, ...match, 'count', String(count)])) as [Buffer, Buffer[]]
    cursor = next.toString()
    const keys: string[] = []
    for (const bytes of found) {
      if (!isUtf8(bytes)) continue
      const key = bytes.toString()
      if (key.startsWith(prefix)) keys.push(key)
    }
    if (keys.length > 0) yield keys
  } while (cursor !== '0')
}
