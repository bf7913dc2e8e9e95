import type { RedisClient } from '@transient/redis'

/** What is called of an ioredis client here. The types of version 5 and 6 are not assignable to one another. */
export interface BareClient extends RedisClient {
  getBuffer(key: string): Promise<Uint8Array | null>
  getex(key: string, unit: 'PX', ttl: number): Promise<string | null>
  set(key: string, value: Buffer | string, unit: 'PX', ttl: number): Promise<unknown>
  evalsha(sha: string, keys: number, ...args: (string | number)[]): Promise<unknown>
  script(action: 'LOAD', text: string): Promise<unknown>
  flushall(): Promise<unknown>
  info(section: string): Promise<string>
  quit(): Promise<unknown>
}

/** A client with the options ioredis has by default, connected. */
export async function connectBare(url: string, version: 5 | 6): Promise<BareClient> {
  const client = version === 5 ? await connect5(url) : await connect6(url)
  await client.info('server')
  return client
}

async function connect5(url: string): Promise<BareClient> {
  const { Redis } = await import('ioredis-5')
  return new Redis(url)
}

async function connect6(url: string): Promise<BareClient> {
  const { Redis } = await import('ioredis')
  return new Redis(url)
}
