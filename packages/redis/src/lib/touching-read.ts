import { channel } from 'node:diagnostics_channel'
import type { Milliseconds } from '@transient/core/store'
import { getExpiry } from './expiry-arguments.ts'
import type { RedisCall } from './redis-client.ts'
import { errorCode, replyCode } from './redis-errors.ts'

const refused = channel('transient:redis:touch-refused')

/**
 * Reads a key and gives it a new expiry. To the server that is a write; where it refuses it as a write (a replica, too few
 * replicas, no permission), the key is read all the same, and `transient:redis:touch-refused` on `node:diagnostics_channel`
 * tells the code of the error and of the reply, without key or value.
 */
export function readAndTouch(call: RedisCall, key: string, touch: Milliseconds): Promise<unknown> {
  return call('getex', [key, ...getExpiry(touch)]).catch((error: unknown) => {
    const code = errorCode(error)
    if (code !== 'read-only' && code !== 'full' && code !== 'denied') throw error
    if (refused.hasSubscribers) refused.publish({ code, reply: replyCode(error) })
    return call('get', [key])
  })
}
