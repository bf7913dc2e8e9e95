import { createSessionStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.ts'
import { secret } from './shop.ts'

const other = 'another secret, also of more than 32 characters'

function site(secrets: string | string[] = secret, store = createMemoryStore()) {
  return { store, sessions: createSessionStore<{ a: number }>(store, { secrets }) }
}

/** A session that is stored, as the next request sees it. */
async function visit(sessions: ReturnType<typeof site>['sessions']) {
  const first = await sessions.load()
  first.data.a = 1
  await first.commit()
  return sessions.load(first.token)
}

describe('a text against cross-site requests', () => {
  test('is another one each time, and all of them are good in every request of the session', async () => {
    const { sessions } = site()
    const session = await visit(sessions)
    const texts = Array.from({ length: 50 }, () => session.csrfToken())
    expect(new Set(texts).size).toBe(50)
    const next = await sessions.load(session.token)
    for (const text of texts) expect(next.verifyCsrfToken(text)).toBe(true)
  })

  test('has nothing in it that would open the session, and fits a form and a header', async () => {
    const { sessions, store } = site()
    const session = await visit(sessions)
    const text = session.csrfToken()
    expect(text).toMatch(/^[\w.-]{66}$/)
    const id = (session.token as string).split('.')[4] as string
    expect(text).not.toContain(id)
    for await (const [key] of store.scan('')) expect(text).not.toContain((key as string).replace('session:', ''))
  })

  test('of another session is not good', async () => {
    const { sessions } = site()
    const [mine, yours] = [await visit(sessions), await visit(sessions)]
    expect(mine.verifyCsrfToken(yours.csrfToken())).toBe(false)
    expect((await sessions.load()).verifyCsrfToken(mine.csrfToken())).toBe(false)
  })

  test('is not good any more after a renewal, a login and a logout', async () => {
    const { sessions } = site()
    const session = await visit(sessions)
    const moves = [() => session.renew(), () => session.login('åsa'), () => session.logout({ keep: ['a'] })]
    for (const move of moves) {
      const before = session.csrfToken()
      await move()
      expect(session.verifyCsrfToken(before)).toBe(false)
      expect(session.verifyCsrfToken(session.csrfToken())).toBe(true)
      expect((await sessions.load(session.token)).verifyCsrfToken(before)).toBe(false)
    }
  })

  test('that a request in flight made after a renewal is good for the renewed session', async () => {
    const { sessions } = site()
    const session = await visit(sessions)
    const old = session.token
    const before = session.csrfToken()
    await session.renew()
    const late = await sessions.load(old)
    // It came with the old cookie and the old form, in the grace window of both.
    expect(late.verifyCsrfToken(before)).toBe(true)
    expect((await sessions.load(session.token)).verifyCsrfToken(late.csrfToken())).toBe(true)
  })

  test('gives a new visitor a session with the next commit, and is good for that one', async () => {
    const { sessions, store } = site()
    const visitor = await sessions.load()
    const text = visitor.csrfToken()
    expect(visitor.verifyCsrfToken(text)).toBe(true)
    expect(visitor).toMatchObject({ isNew: true, token: undefined })
    expect(store.usage().entries).toBe(0)
    await visitor.commit()
    const next = await sessions.load(visitor.token)
    expect(next.isNew).toBe(false)
    expect({ ...next.data }).toEqual({})
    expect(next.verifyCsrfToken(text)).toBe(true)
    expect(next.verifyCsrfToken(visitor.csrfToken())).toBe(true)
  })

  test('of a visitor is stored by a seal, and not in a response that has left', async () => {
    const { sessions } = site()
    const visitor = await sessions.load()
    visitor.csrfToken()
    await visitor.seal()
    expect(visitor.token).toBeDefined()
    const late = await sessions.load()
    void late.seal()
    expect(caught(() => late.csrfToken())).toMatchObject({ code: 'session-sealed' })
  })

  test('is asked for after the load', () => {
    const { sessions } = site()
    expect(caught(() => sessions.open().csrfToken())).toMatchObject({ code: 'session-not-loaded' })
  })

  test('outlives a change of the secret as long as the old one is known', async () => {
    const store = createMemoryStore()
    const session = await visit(site(secret, store).sessions)
    const text = session.csrfToken()
    const { sessions: rotated } = site([other, secret], store)
    const next = await rotated.load(session.token)
    expect(next.verifyCsrfToken(text)).toBe(true)
    expect(next.verifyCsrfToken(next.csrfToken())).toBe(true)
    expect(session.verifyCsrfToken(next.csrfToken())).toBe(false)
  })

  test('with any character changed is not good', async () => {
    const session = await visit(site().sessions)
    const text = session.csrfToken()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 0; at < text.length; at++)
      for (const character of alphabet) {
        const changed = `${text.slice(0, at)}${character}${text.slice(at + 1)}`
        expect(session.verifyCsrfToken(changed)).toBe(changed === text)
      }
  })

  test('can be anything in an attack, which is never an error', async () => {
    const session = await visit(site().sessions)
    const shaped = fc.stringMatching(/^[\w-]{22}\.[\w-]{43}$/)
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), shaped), (given) => session.verifyCsrfToken(given) === false),
      { numRuns: 10_000 },
    )
  })
})
