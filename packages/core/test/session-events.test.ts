import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createSessionStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { secret } from './shop.ts'

const names = ['created', 'renewed', 'login', 'ended', 'refused', 'corrupt', 'unreadable'] as const

let events: [string, unknown][] = []
const listeners = names.map((name) => {
  const listener = (message: unknown) => void events.push([name, message])
  return [`transient:session:${name}`, listener] as const
})

beforeEach(() => {
  events = []
  for (const [name, listener] of listeners) subscribe(name, listener)
})
afterEach(() => {
  for (const [name, listener] of listeners) unsubscribe(name, listener)
})

function site() {
  let time = 1_700_000_000_000
  const now = () => time
  const sessions = createSessionStore<{ a: number }>(createMemoryStore({ now }), { secrets: secret, now })
  return { sessions, pass: (span: number) => (time += span) }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
/** The hashed id of a token. */
const hashed = (token: string | undefined) => sha256((token as string).split('.')[4] as string)

describe('the life of a session on the diagnostics channel', () => {
  test('is told from its creation to its end, by the hash of its id, and of the user by a hash', async () => {
    const { sessions } = site()
    const session = await sessions.load()
    session.data.a = 1
    await session.commit()
    const first = hashed(session.token)
    await session.renew()
    const second = hashed(session.token)
    await session.login('åsa@example.org')
    const third = hashed(session.token)
    await session.logout()
    expect(events).toEqual([
      ['created', { id: first }],
      ['renewed', { id: second, from: first }],
      ['login', { id: third, user: sha256('åsa@example.org') }],
      ['ended', { id: third, reason: 'logged-out' }],
    ])
    expect(JSON.stringify(events)).not.toContain('example.org')
  })

  test('tells of each session that was revoked, and of those who had to go for a new one', async () => {
    let time = 1_700_000_000_000
    const now = () => time++
    const sessions = createSessionStore(createMemoryStore({ now }), { secrets: secret, now, maxSessionsPerUser: 2 })
    const ids: string[] = []
    for (let logins = 0; logins < 3; logins++) {
      const session = await sessions.load()
      await session.login('åsa')
      ids.push(hashed(session.token))
    }
    expect(events.filter(([name]) => name === 'ended')).toEqual([['ended', { id: ids[0], reason: 'revoked' }]])
    events = []
    await sessions.revoke('åsa')
    expect(events).toEqual([
      ['ended', { id: ids[1], reason: 'revoked' }],
      ['ended', { id: ids[2], reason: 'revoked' }],
    ])
  })

  test('tells why a visitor was refused', async () => {
    const { sessions, pass } = site()
    const session = await sessions.load()
    await session.login('åsa')
    const anonymous = await sessions.load()
    anonymous.data.a = 1
    await anonymous.commit()
    await sessions.revoke('åsa')
    events = []
    await sessions.load(session.token)
    pass(31 * 60_000)
    await sessions.load(anonymous.token)
    sessions.open(`${anonymous.token as string}x`)
    sessions.open('2.of.a.later.release')
    expect(events).toEqual([
      ['refused', { id: hashed(session.token), reason: 'revoked' }],
      ['refused', { id: hashed(anonymous.token), reason: 'expired' }],
      ['refused', { reason: 'tampered' }],
      ['refused', { reason: 'unreadable' }],
    ])
  })

  test('is silent about what did not happen: a logout of what is gone, a lost race, a visitor without a token', async () => {
    const { sessions } = site()
    const session = await sessions.load()
    session.data.a = 1
    await session.commit()
    const twice = [await sessions.load(session.token), await sessions.load(session.token)]
    events = []
    await Promise.all(twice.map((request) => request.renew()))
    expect(events.filter(([name]) => name === 'renewed')).toHaveLength(1)
    await twice[0]?.logout()
    await sessions.open(session.token).logout()
    expect(events.filter(([name]) => name === 'ended')).toHaveLength(1)
    events = []
    await sessions.load()
    await (await sessions.load()).logout()
    expect(events).toEqual([])
  })
})
