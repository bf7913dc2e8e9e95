import { createHash } from 'node:crypto'
import { TransientError } from '@transient/core/store'
import type { Redis } from 'ioredis'
import { runLua } from './lua.ts'
import { type MockRedis, storedValue } from './stored-value.ts'

type Argument = string | Buffer

/**
 * Gives a client of ioredis-mock the `callBuffer` it lacks, for the commands of the Redis store, and mends on the way what
 * ioredis-mock does differently from a server: binary values, keys that JavaScript objects cannot hold, reads of other types,
 * a SCAN that skips keys, and scripts (see `lua.ts`). It has the conditional SET and DELIFEQ of Valkey 9.1, for a script takes
 * ioredis-mock milliseconds. Values lie in the mock as Buffers, as ioredis would have stored them.
 *
 * Commands and options the store does not use are `unsupported`: ioredis-mock ignores many it does not know.
 */
export function armour(client: Redis): Redis {
  const mock = client as MockRedis
  const scripts = new Map<string, string>()
  const setBuffer = mock.setBuffer as (...args: unknown[]) => unknown

  const keyed: Record<string, (key: string, args: Argument[]) => unknown> = {
    get: (key) => storedValue(mock, key),
    getex(key, [option, ttl, ...more]) {
      const found = storedValue(mock, key)
      if (option === 'PERSIST' && ttl === undefined) void mock.persist(key)
      else if (option === 'PX' && more.length === 0) void mock.pexpire(key, String(ttl))
      else throw unsupported('getex')
      return found
    },
    getdel(key) {
      const found = storedValue(mock, key)
      void mock.del(key)
      return found
    },
    mget: (key, others) => [key, ...others.map(encodeKey)].map((one) => anyValue(mock, one)),
    set(key, [value = '', ...options]) {
      const condition = options.indexOf('IFEQ')
      const [, expected] = condition === -1 ? [] : options.splice(condition, 2)
      if (!/^((NX|PX|KEEPTTL|\d+) )*$/.test(options.map((option) => `${String(option)} `).join('')))
        throw unsupported('set')
      if (expected !== undefined && !holds(mock, key, expected)) return null
      if (!options.includes('KEEPTTL')) return setBuffer.call(mock, key, value, ...options)
      // The storage keeps the expiries apart from the values.
      mock.data.set(key, value)
      return Buffer.from('OK')
    },
    del: (key, others) => mock.del(key, ...others.map(encodeKey)),
    delifeq: (key, [expected = '']) => (holds(mock, key, expected) ? mock.del(key) : 0),
    pexpire(key, [ttl, ...options]) {
      if (options.length > 0) throw unsupported('pexpire')
      return mock.pexpire(key, String(ttl))
    },
    pttl: (key) => mock.pttl(key),
  }

  const keyless: Record<string, (args: Argument[]) => unknown> = {
    async scan([, ...options]) {
      const prefix = prefixOf(options.map(String))
      // All at once: the cursor of ioredis-mock counts keys, and loses its place when some are deleted meanwhile.
      const [, found] = await mock.scan(0, 'COUNT', Number.MAX_SAFE_INTEGER)
      const keys = found.map(decodeKey).filter((key) => key.startsWith(prefix))
      return [Buffer.from('0'), keys.map((key) => Buffer.from(key))]
    },
    flushdb: () => mock.flushdb(),
    eval([text = '', count, key = '', ...args]) {
      if (String(count) !== '1') throw unsupported('eval')
      scripts.set(createHash('sha1').update(text).digest('hex'), String(text))
      return runLua(mock, String(text), encodeKey(key), args)
    },
    evalsha([sha, count, key = '', ...args]) {
      if (String(count) !== '1') throw unsupported('evalsha')
      const text = scripts.get(String(sha))
      if (text === undefined) throw new Error('NOSCRIPT No matching script. Please use EVAL.')
      return runLua(mock, text, encodeKey(key), args)
    },
  }

  async function callBuffer(command: string, args: Argument[]): Promise<unknown> {
    const name = command.toLowerCase()
    if (Object.hasOwn(keyless, name)) return keyless[name]?.(args)
    if (!Object.hasOwn(keyed, name)) throw unsupported(name)
    const [key = '', ...rest] = args
    return keyed[name]?.(encodeKey(key), rest)
  }
  return Object.assign(client, { callBuffer })
}

function unsupported(operation: string): TransientError {
  return new TransientError('unsupported', { operation, message: 'the mock cannot do this' })
}

function holds(mock: MockRedis, key: string, expected: Argument): boolean {
  return storedValue(mock, key)?.equals(Buffer.from(expected)) === true
}

// MGET answers with nil where GET reports the wrong type.
function anyValue(mock: MockRedis, key: string): Buffer | null {
  try {
    return storedValue(mock, key)
  } catch {
    return null
  }
}

/** What a SCAN with these options looks for, if it is a prefix: ioredis-mock takes an escaped character for a pattern. */
function prefixOf(options: string[]): string {
  let prefix = ''
  for (let index = 0; index < options.length; index += 2) {
    const [option, value = ''] = options.slice(index, index + 2)
    if (option?.toLowerCase() === 'count') continue
    if (option?.toLowerCase() !== 'match' || !/^(\\.|[^\\*?[])*\*$/s.test(value)) throw unsupported('scan')
    prefix = value.slice(0, -1).replace(/\\(.)/gs, '$1')
  }
  return prefix
}

// ioredis-mock keeps its data in plain objects, which cannot hold '__proto__', and its DEL refuses the empty key. These two,
// and what their stand-ins displace, get one more '~' in front. Every other key lies in the mock under its own name.
const displaced = /^~*(__proto__)?$/

function encodeKey(key: Argument): string {
  const name = String(key)
  return displaced.test(name) ? `~${name}` : name
}

function decodeKey(key: string): string {
  return displaced.test(key) ? key.slice(1) : key
}
