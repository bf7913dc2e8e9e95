import { describe, expect, it } from 'vitest'
import { errorCode, replyCode, wasRefused, withoutContents } from '../src/lib/redis-errors.ts'

const named = (name: string, message: string) => Object.assign(new Error(message), { name })
const coded = (code: string) => Object.assign(new Error('no'), { code })

describe('the code of an error', () => {
  it('is read off the reply of the server', () => {
    const replies = {
      "READONLY You can't write against a read only replica.": 'read-only',
      'NOREPLICAS Not enough good replicas to write.': 'read-only',
      'MISCONF Redis is configured to save RDB snapshots': 'read-only',
      "OOM command not allowed when used memory > 'maxmemory'.": 'full',
      'NOAUTH Authentication required.': 'denied',
      'WRONGPASS invalid username-password pair or user is disabled.': 'denied',
      "NOPERM User app has no permissions to run the 'set' command": 'denied',
      'ERR invalid password': 'denied',
      'WRONGTYPE Operation against a key holding the wrong kind of value': 'wrong-type',
      'WRONGTYPE Operation against a key script: 8f, on @user_script:1.': 'wrong-type',
      'ERR Error running script (call to f_8f): @user_script:1: WRONGTYPE Operation against a key': 'wrong-type',
      "ERR Error running script (call to f_8f): @user_script:3: -READONLY You can't write": 'read-only',
      'LOADING Redis is loading the dataset in memory': 'unavailable',
      'BUSY Redis is busy running a script.': 'unavailable',
      'CLUSTERDOWN The cluster is down': 'unavailable',
      'MASTERDOWN Link with MASTER is down': 'unavailable',
      'TRYAGAIN Multiple keys request during rehashing of slot': 'unavailable',
      'ERR max number of clients reached': 'unavailable',
      "CROSSSLOT Keys in request don't hash to the same slot": 'unsupported',
      "ERR unknown command 'GETEX', with args beginning with: 'a' ": 'unsupported',
      'ERR something new': 'unknown',
      'NEWCODE something new': 'unknown',
      'constructor of all things': 'unknown',
    }
    for (const [reply, code] of Object.entries(replies)) expect(errorCode(named('ReplyError', reply)), reply).toBe(code)
  })

  it('is unavailable for what ioredis and the network say of a lost connection', () => {
    for (const lost of [
      named('MaxRetriesPerRequestError', 'Reached the max retries per request limit (which is 20).'),
      named('AbortError', 'Command aborted due to connection close'),
      named('ClusterAllFailedError', 'Failed to refresh slots cache.'),
      named('ParserError', 'Protocol error, got "H" as reply type byte. Please report this.'),
      new Error('Unknown RESP type 72 "H". Please report this.'),
      new Error('Connection is closed.'),
      new Error("Stream isn't writeable and enableOfflineQueue options is false"),
      ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'DEPTH_ZERO_SELF_SIGNED_CERT'].map(coded),
    ])
      expect(errorCode(lost), lost.message).toBe('unavailable')
    expect(errorCode(new Error('Command timed out'))).toBe('timeout')
    for (const other of [new Error('other'), 'text', undefined, null, 5]) expect(errorCode(other)).toBe('unknown')
  })
})

describe('an error reply', () => {
  it('has a code of its own in front, and nothing else has', () => {
    expect(replyCode(named('ReplyError', 'NOREPLICAS Not enough'))).toBe('NOREPLICAS')
    expect(replyCode(new Error('Connection is closed.'))).toBeUndefined()
    expect(replyCode('OOM no')).toBeUndefined()
  })

  it('loses the arguments that ioredis hung on it, and keeps the name of the command', () => {
    const error = Object.assign(new Error('ERR no'), { command: { name: 'set', args: ['key', Buffer.from('secret')] } })
    expect(withoutContents(error)).toBe(error)
    expect(error.command).toEqual({ name: 'set', args: [] })
    expect(withoutContents(undefined)).toBeUndefined()
  })

  it('loses the bytes that the parser of ioredis 5 could not read: they may be those of a value', () => {
    const error = Object.assign(new Error('Protocol error'), { buffer: Buffer.from('secret'), offset: 0 })
    expect(withoutContents(error)).toBe(error)
    expect(error.buffer).toBeUndefined()
  })
})

describe('a command', () => {
  it('was not written when ioredis turned it away', () => {
    expect(wasRefused(new Error("Stream isn't writeable and enableOfflineQueue options is false"))).toBe(true)
    expect(wasRefused(new Error('Connection is closed.'))).toBe(false)
  })
})
