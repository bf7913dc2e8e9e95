import { createSessionStore, type SessionStore } from '@transient/core'
import { openStore } from '../redis-work.ts'
import type { RedisConnectionOrder } from '../work.ts'
import type { Visit } from './session-shape.ts'

export const secret = 'a secret of the benchmark, with more than thirty-two characters'

/**
 * Our sessions over Redis, with their defaults but for the deadline: it costs the same however long it is, and a machine that stalls for a
 * quarter of a second should not end a benchmark.
 */
export async function openSessions(
  connection: RedisConnectionOrder,
): Promise<{ sessions: SessionStore<Visit>; close(): Promise<void> }> {
  const { store, close } = await openStore(connection)
  return { sessions: createSessionStore<Visit>(store, { secrets: secret, deadline: '10s' }), close }
}
