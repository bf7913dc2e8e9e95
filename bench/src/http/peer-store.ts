import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'

/** connect-redis as its README has it. It needs node-redis: it stopped to take ioredis. */
export async function openPeerStore(url: string): Promise<{ store: RedisStore; close(): Promise<void> }> {
  const client = createClient({ url })
  await client.connect()
  return { store: new RedisStore({ client }), close: () => client.close() }
}
