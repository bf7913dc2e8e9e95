import { describe, expect, test } from 'vitest'
import { storeKinds, useShops } from './shop.ts'
import { livingOf, logIn, unlistedOf, whoIs } from './users.ts'

describe.each(storeKinds)('another login over a session of the user that moves on, on %s', (kind) => {
  const openShop = useShops(kind)

  /** A session that is renewed twice, before another login or while that is about to turn its old id into a marker. */
  async function movingShop(when: 'before' | 'meanwhile') {
    const shop = openShop()
    const { token, handle } = await logIn(shop, 'åsa', { data: { count: 1 } })
    const [id] = await livingOf(shop, 'åsa')
    const session = await shop.sessions.load(token)
    const other = await shop.otherSessions.load(token)
    const moveOn = async () => {
      await other.renew()
      await other.renew()
    }
    if (when === 'before') await moveOn()
    const gate = shop.store.hold('compareAndSet', { key: `session:${id}` })
    const login = session.login('åsa').catch((error: unknown) => error)
    await gate.arrived
    if (when === 'meanwhile') await moveOn()
    return { shop, handle, session, other, gate, login }
  }

  test.each(['before', 'meanwhile'] as const)('%s, goes on from where it is, and is listed there', async (when) => {
    const { shop, handle, session, other, gate, login } = await movingShop(when)
    gate.release()
    expect(await login).toBeUndefined()
    expect(await shop.find(session.token)).toEqual({ count: 1 })
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    expect(await livingOf(shop, 'åsa')).toHaveLength(1)
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle }])
    expect(await whoIs(shop, other.token)).toBe('renewed')
    await shop.otherSessions.revoke('åsa')
    expect(await whoIs(shop, session.token)).toBe('revoked')
  })

  test.each(['before', 'meanwhile'] as const)('%s, hides it from no revocation', async (when) => {
    const { shop, session, other, gate, login } = await movingShop(when)
    await shop.otherSessions.revoke('åsa')
    expect(await whoIs(shop, other.token)).toBe('revoked')
    gate.release()
    expect(await login).toMatchObject({ code: 'session-ended', operation: 'session.login' })
    expect(session.token).not.toBe(other.token)
    expect(await livingOf(shop, 'åsa')).toEqual([])
    expect(await shop.sessions.ofUser('åsa')).toEqual([])
  })

  test('and that comes to nothing, leaves it as it is', async () => {
    const { shop, other, handle, gate, login } = await movingShop('before')
    shop.store.fail('get')
    gate.release()
    expect(await login).toMatchObject({ code: 'unavailable' })
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle }])
    expect(await whoIs(shop, other.token)).toBe('åsa')
  })

  test('finds the list lost, and makes a new one', async () => {
    const { shop, session, gate, login } = await movingShop('meanwhile')
    await shop.otherStore.delete('session:user:åsa')
    gate.release()
    expect(await login).toBeUndefined()
    expect(await unlistedOf(shop, 'åsa')).toEqual([])
    await shop.sessions.revoke('åsa')
    expect(await whoIs(shop, session.token)).toBe('revoked')
  })
})
