import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** Waits until both workers are at the same place. They meet in database 0, which no test flushes. */
export async function meet(place: string): Promise<void> {
  const redis = new Redis(process.env.TRANSIENT_TEST_REDIS_URL as string, { db: 0 })
  await redis.incr(`meeting ${place}`)
  // The other one is another process: there is nothing to be notified by.
  while (Number(await redis.get(`meeting ${place}`)) < 2) await wait(10)
  redis.disconnect()
}
