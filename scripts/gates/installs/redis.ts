import { utf8 } from '@transient/core'
import { createRedisStore, getRedis } from '@transient/redis'
import { Redis } from 'ioredis'

async function main(): Promise<void> {
  const client = new Redis(process.env.REDIS_URL ?? '', { db: 14 })
  const store = createRedisStore(client)
  await store.set('key', utf8.encode('ÅÄÖ'), 10_000)
  const swapped: boolean = await store.compareAndSet('key', utf8.encode('ÅÄÖ'), utf8.encode('åäö ÅÄÖ'), 'keep')
  const value = await store.take('key')
  if (!swapped || value === undefined || getRedis<Redis>(store) !== client)
    throw new Error('the store does not answer rightly')
  console.log(utf8.decode(value))
  await store.close()
  await client.quit()

  await using own = createRedisStore(process.env.REDIS_URL ?? '')
  const { value: count } = await own.increment('count', 1, 10_000)
  if (count < 1) throw new Error('no count')
}

void main()
