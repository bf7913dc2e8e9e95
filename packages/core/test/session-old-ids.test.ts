import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { storeKinds, useShops } from './shop.ts'
import { shopOnClock } from './shop-on-clock.ts'

describe.each(storeKinds)('an old id on %s', (kind) => {
  const openShop = useShops(kind)

  test.each(['renewed without grace', 'logged in again'])('of a session that was %s still logs out', async (way) => {
    const { sessions, otherSessions, find } = openShop()
    const session = await sessions.load()
    await session.login('åsa')
    const old = session.token
    if (way === 'logged in again') await session.login('åsa')
    else await session.renew({ grace: false })
    const tab = otherSessions.open(old)
    await tab.logout()
    expect(tab.isDestroyed).toBe(true)
    expect(await find(session.token)).toBeUndefined()
  })

  test.each(['renewed without grace', 'logged in'])(
    'of an anonymous session that was %s logs nobody out, and stays what it was',
    async (way) => {
      const { sessions, otherSessions, begin } = openShop()
      const token = await begin({ count: 1 })
      const slow = await otherSessions.load(token)
      const session = await sessions.load(token)
      if (way === 'logged in') await session.login('åsa')
      else await session.renew({ grace: false })
      await otherSessions.open(token).logout()
      expect((await sessions.load(session.token)).data.count).toBe(1)
      // No session for who comes late, whose cookie would take the place of the new one.
      const late = await otherSessions.load(token)
      late.data.count = 2
      expect(await rejection(late.commit())).toMatchObject({ code: 'session-ended' })
      slow.data.a = 1
      const ending = slow.commit().catch((error: unknown) => error)
      if (way === 'logged in') expect(await ending).toBeUndefined()
      else expect(await ending).toMatchObject({ code: 'session-ended' })
      expect((await sessions.load(session.token)).data.a).toBe(way === 'logged in' ? 1 : undefined)
    },
  )

  test('that a login has left gets no session by a logout', async () => {
    const { sessions, otherSessions, begin } = openShop()
    const token = await begin({ count: 1 })
    await (await sessions.load(token)).login('åsa')
    const late = await otherSessions.load(token)
    await late.logout({ keep: ['count'] })
    expect(late).toMatchObject({ token: undefined, isDestroyed: false, isNew: true })
    late.data.count = 2
    expect(await rejection(late.commit())).toMatchObject({ code: 'session-ended' })
    expect(late.token).toBeUndefined()
  })

  test('lets a slow update reach the field of the user who logged in, and tells nothing of it', async () => {
    const { sessions, otherSessions, begin } = openShop()
    const token = await begin({ cart: ['mug'] })
    const slow = await otherSessions.load(token)
    const session = await sessions.load(token)
    await session.login('åsa')
    session.data.cart?.push('a present')
    await session.commit()
    const told = await slow.update('cart', (cart = []) => [...cart, 'bowl'])
    expect(told).toEqual(['mug', 'bowl'])
    expect({ ...slow.data }).toEqual({})
    expect((await sessions.load(session.token)).data.cart).toEqual(['mug', 'a present', 'bowl'])
  })
})

test('what a slow anonymous request commits is taken along for a minute after the login, and not for ever', async () => {
  const { sessions, begin, pass } = shopOnClock()
  const token = await begin({ count: 1 })
  const [first, second] = [await sessions.load(token), await sessions.load(token)]
  const session = await sessions.load(token)
  await session.login('åsa')
  pass(59_999)
  // Whoever keeps coming with the old id prolongs nothing.
  await sessions.load(token)
  first.data.a = 1
  await first.commit()
  pass(1)
  second.data.b = 1
  expect(await rejection(second.commit())).toMatchObject({ code: 'session-ended' })
  expect({ ...(await sessions.load(session.token)).data }).toEqual({ count: 1, a: 1 })
})
