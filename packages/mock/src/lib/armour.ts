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
 */
export function armour(client: Redis): Redis {
  const mock = client as MockRedis
  const scripts = new Map<string, string>()
  const setBuffer = mock.setBuffer as (...args: unknown[]) => unknown

  const commands: Record<string, (key: string, args: Argument[]) => unknown> = {
    get: (key) => storedValue(mock, key),
    getex(key, [option, ttl]) {
      const found = storedValue(mock, key)
      void (option === 'PERSIST' ? mock.persist(key) : mock.pexpire(key, String(ttl)))
      return found
    },
    getdel(key) {
      const found = storedValue(mock, key)
      void mock.del(key)
      return found
    },
    mget: (first, rest) => [first, ...rest.map((key) => encodeKey(String(key)))].map((key) => anyValue(mock, key)),
    set(key, [value = '', ...options]) {
      const condition = options.indexOf('IFEQ')
      if (condition !== -1) {
        const [, expected = ''] = options.splice(condition, 2)
        if (!holds(mock, key, expected)) return null
      }
      if (!options.includes('KEEPTTL')) return setBuffer.call(mock, key, value, ...options)
      // The storage keeps the expiries apart from the values.
      mock.data.set(key, value)
      return Buffer.from('OK')
    },
    delifeq: (key, [expected = '']) => (holds(mock, key, expected) ? mock.del(key) : 0),
    del: (first, rest) => mock.del(first, ...rest.map((key) => encodeKey(String(key)))),
    pexpire: (key, [ttl]) => mock.pexpire(key, String(ttl)),
    pttl: (key) => mock.pttl(key),
    async scan() {
      // All at once: the cursor of ioredis-mock counts keys, and loses its place when some are deleted meanwhile.
      const [, keys] = await mock.scan(0, 'COUNT', Number.MAX_SAFE_INTEGER)
      return [Buffer.from('0'), keys.map((key) => Buffer.from(decodeKey(key)))]
    },
    flushdb: () => mock.flushdb(),
    eval(text, [, key, ...args]) {
      scripts.set(createHash('sha1').update(text).digest('hex'), text)
      return runLua(mock, text, encodeKey(String(key)), args)
    },
    evalsha(sha, [, key, ...args]) {
      const text = scripts.get(sha)
      if (text === undefined) throw new Error('NOSCRIPT No matching script. Please use EVAL.')
      return runLua(mock, text, encodeKey(String(key)), args)
    },
  }
  // Their first argument is no key.
  const keyless = new Set(['scan', 'flushdb', 'eval', 'evalsha'])

  async function callBuffer(name: string, args: Argument[]): Promise<unknown> {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command === undefined)
      throw new TransientError('unsupported', { operation: name, message: 'the mock does not know this command' })
    const [first = '', ...rest] = args
    return command(keyless.has(name) ? String(first) : encodeKey(String(first)), rest)
  }
  return Object.assign(client, { callBuffer })
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

// ioredis-mock keeps its data in plain objects, which cannot hold '__proto__', and its DEL refuses the empty key. These two,
// and what their stand-ins displace, get one more '~' in front. Every other key lies in the mock under its own name.
const displaced = /^~*(__proto__)?$/

function encodeKey(key: string): string {
  return displaced.test(key) ? `~${key}` : key
}

function decodeKey(key: string): string {
  return displaced.test(key) ? key.slice(1) : key
}
