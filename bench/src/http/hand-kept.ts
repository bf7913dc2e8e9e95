import { randomUUID } from 'node:crypto'
import { type BareClient, connectBare } from '../bare-client.ts'
import type { RedisConnectionOrder } from '../work.ts'

/** A session as somebody without a library would keep it: an unsigned id in a cookie, JSON under the id in Redis. */
export interface HandKept {
  readonly key: string
  readonly data: object
  /** What the stored text began with, where a script compares it. */
  readonly stamp: string
}

/** Does with Redis what our sessions do, and nothing else: no signature, no hash, no deadline, no conflicts, no lazy parsing. */
export interface HandKeeper {
  /** One GETEX. A cookie that leads nowhere is an error. */
  load(cookieHeader: string | undefined): Promise<HandKept>
  /** One SET, or one call of the script. */
  save(session: HandKept): Promise<void>
  /** Stores a new session; gives the line that sets its cookie. */
  create(data: object): Promise<string>
  close(): Promise<void>
}

const idleTimeout = 30 * 60_000
const cookieName = 'sid='
const stampLength = 36

/** What our Redis store sends as `compareAndSet` with a stamp. */
const script = `local held
if ARGV[2] == '' then held = redis.call('GET', KEYS[1]) else held = redis.call('GETRANGE', KEYS[1], 0, ARGV[2]) end
if held ~= ARGV[1] then return 0 end
if ARGV[3] then redis.call('SET', KEYS[1], unpack(ARGV, 3)) else redis.call('DEL', KEYS[1]) end
return 1`

export async function createHandKeeper(
  connection: RedisConnectionOrder,
  writesBy: 'SET' | 'script',
): Promise<HandKeeper> {
  const client: BareClient = await connectBare(connection.url, connection.ioredis)
  const sha = String(await client.script('LOAD', script))

  const textOf = (stamp: string, data: object): string =>
    writesBy === 'SET' ? JSON.stringify(data) : `${stamp}\n${JSON.stringify(data)}`

  return {
    async load(cookieHeader) {
      const key = `hand:${idIn(cookieHeader)}`
      const text = await client.getex(key, 'PX', idleTimeout)
      if (text === null) throw new Error('there is no session for this cookie')
      if (writesBy === 'SET') return { key, data: JSON.parse(text) as object, stamp: '' }
      return { key, data: JSON.parse(text.slice(stampLength + 1)) as object, stamp: text.slice(0, stampLength) }
    },
    async save({ key, data, stamp }) {
      if (writesBy === 'SET') await client.set(key, textOf('', data), 'PX', idleTimeout)
      else {
        const last = String(stampLength - 1)
        const text = textOf(randomUUID(), data)
        const answer = await client.evalsha(sha, 1, key, stamp, last, text, 'PX', idleTimeout)
        if (answer !== 1) throw new Error('somebody else wrote this session')
      }
    },
    async create(data) {
      const id = randomUUID()
      await client.set(`hand:${id}`, textOf(randomUUID(), data), 'PX', idleTimeout)
      return `${cookieName}${id}; Path=/; HttpOnly; SameSite=Lax`
    },
    async close() {
      await client.quit()
    },
  }
}

function idIn(header = ''): string {
  for (const pair of header.split('; ')) if (pair.startsWith(cookieName)) return pair.slice(cookieName.length)
  throw new Error('the request has no session cookie')
}
