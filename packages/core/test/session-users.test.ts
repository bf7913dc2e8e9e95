import { utf8 } from '@transient/core'
import { describe, expect, test } from 'vitest'
import { rejection } from './caught.ts'
import { storeKinds, useShops } from './shop.ts'
import { listKey, listOf, livingOf, logIn, whoIs } from './users.ts'

const hour = 3_600_000
const stamp = 's'.repeat(36)

describe.each(storeKinds)('the sessions of a user on %s', (kind) => {
  const openShop = useShops(kind)

  describe('ofUser', () => {
    test('lists the live ones with what the application stored with them, and marks the one that asks', async () => {
      const shop = openShop()
      const attributes = { device: 'phone', address: { ip: '::1', ports: [1, 2] }, __proto__: null, name: 'Åsa' }
      const phone = await logIn(shop, 'åsa', { attributes })
      const tablet = await logIn(shop, 'åsa')
      await logIn(shop, 'örjan')
      const list = await shop.otherSessions.ofUser('åsa', { current: tablet.session })
      const of = (handle: string) => list.find((listed) => listed.handle === handle)
      expect(list).toHaveLength(2)
      expect(of(phone.handle)).toEqual({
        handle: phone.handle,
        createdAt: expect.any(Number),
        lastSeenAt: expect.any(Number),
        expiresAt: phone.session.expiresAt,
        attributes: { device: 'phone', address: { ip: '::1', ports: [1, 2] }, name: 'Åsa' },
        isCurrent: false,
      })
      expect(of(tablet.handle)).toMatchObject({ attributes: {}, isCurrent: true })
      expect((await shop.sessions.ofUser('åsa')).every(({ isCurrent }) => !isCurrent)).toBe(true)
      expect((await shop.sessions.ofUser('åsa', { current: shop.sessions.open() })).some((s) => s.isCurrent)).toBe(
        false,
      )
    })

    test('of a user who never logged in is empty, and so it is after the last logout', async () => {
      const shop = openShop()
      expect(await shop.sessions.ofUser('åsa')).toEqual([])
      const { session } = await logIn(shop, 'åsa')
      await session.logout()
      expect(await shop.sessions.ofUser('åsa')).toEqual([])
    })

    test('takes off the list what has ended, and nothing else', async () => {
      const shop = openShop()
      const [one, two, three] = [await logIn(shop, 'åsa'), await logIn(shop, 'åsa'), await logIn(shop, 'åsa')]
      await two.session.logout()
      expect(await listOf(shop, 'åsa')).toHaveLength(3)
      await shop.sessions.ofUser('åsa')
      expect((await listOf(shop, 'åsa')).map(({ handle }) => handle)).toEqual([one.handle, three.handle])
    })

    test('takes nobody off the list who has logged in meanwhile', async () => {
      const shop = openShop()
      const gone = await logIn(shop, 'åsa')
      await gone.session.logout()
      for (const verb of ['ttl', 'compareAndSet'] as const) {
        const gate = shop.otherStore.hold(verb)
        const listing = shop.otherSessions.ofUser('åsa')
        await gate.arrived
        const { handle } = await logIn(shop, 'åsa')
        gate.release()
        await listing
        expect((await shop.sessions.ofUser('åsa')).map((listed) => listed.handle)).toContain(handle)
        const dead = await logIn(shop, 'åsa')
        await dead.session.logout()
      }
    })

    test('shows them although the store takes no writes', async () => {
      const shop = openShop()
      const { handle } = await logIn(shop, 'åsa')
      await (await logIn(shop, 'åsa')).session.logout()
      shop.store.fail('compareAndSet', { code: 'read-only', times: Number.POSITIVE_INFINITY })
      expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle }])
    })

    test('rejects with the error of a store that cannot be read', async () => {
      const shop = openShop()
      await logIn(shop, 'åsa')
      for (const verb of ['get', 'ttl'] as const) {
        shop.store.fail(verb, { code: 'unavailable' })
        expect(await rejection(shop.sessions.ofUser('åsa'))).toMatchObject({ code: 'unavailable' })
      }
    })
  })

  describe('revoke', () => {
    test('ends all, and their visitors are told', async () => {
      const shop = openShop()
      const browsers = [await logIn(shop, 'åsa'), await logIn(shop, 'åsa')]
      const other = await logIn(shop, 'örjan')
      await shop.otherSessions.revoke('åsa')
      for (const { token } of browsers) {
        const session = await shop.sessions.load(token)
        expect(session).toMatchObject({ endedBecause: 'revoked', isNew: true, token: undefined, userId: undefined })
        expect({ ...session.data }).toEqual({})
      }
      expect(await whoIs(shop, other.token)).toBe('örjan')
      expect(await listOf(shop, 'åsa')).toEqual([])
    })

    test('spares one, given as a session or as its handle, also after its renewal', async () => {
      const shop = openShop()
      const [one, two, three] = [await logIn(shop, 'åsa'), await logIn(shop, 'åsa'), await logIn(shop, 'åsa')]
      await one.session.renew()
      await shop.otherSessions.revoke('åsa', { except: one.session })
      expect(await whoIs(shop, one.session.token)).toBe('åsa')
      for (const { token } of [two, three]) expect(await whoIs(shop, token)).toBe('revoked')
      const four = await logIn(shop, 'åsa')
      await shop.sessions.revoke('åsa', { except: four.handle })
      expect(await whoIs(shop, four.token)).toBe('åsa')
      expect(await whoIs(shop, one.session.token)).toBe('revoked')
      expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle: four.handle }])
    })

    test('ends one alone, by its handle, also after its renewal', async () => {
      const shop = openShop()
      const [one, two] = [await logIn(shop, 'åsa'), await logIn(shop, 'åsa')]
      await one.session.renew()
      await shop.otherSessions.revoke('åsa', { only: one.handle })
      expect(await whoIs(shop, one.session.token)).toBe('revoked')
      expect(await whoIs(shop, one.token)).toBe('revoked')
      expect(await whoIs(shop, two.token)).toBe('åsa')
    })

    test('of an unknown user or handle ends nothing, and writes nothing', async () => {
      const shop = openShop()
      const { token, handle } = await logIn(shop, 'åsa')
      shop.store.calls.clear()
      await shop.sessions.revoke('örjan')
      await shop.sessions.revoke('örjan', { only: handle })
      await shop.sessions.revoke('åsa', { only: 'nobody' })
      await shop.sessions.revoke('åsa', { except: handle })
      expect(shop.store.calls.list().map(({ verb }) => verb)).toEqual(['get', 'get', 'get', 'get'])
      expect(await whoIs(shop, token)).toBe('åsa')
    })

    test.each([
      ['both except and only', { except: 'a', only: 'b' }],
      ['an anonymous session to spare, which would spare nobody', { except: { handle: undefined } }],
      ['null', { except: null }],
      ['a number', { only: 7 }],
    ])('with %s is misuse, and ends nothing', async (_, options) => {
      const shop = openShop()
      const { token } = await logIn(shop, 'åsa')
      const error = await rejection(shop.sessions.revoke('åsa', options as never))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'invalid-argument' })
      expect(await whoIs(shop, token)).toBe('åsa')
    })

    test('that the store refuses rejects, and can be called again', async () => {
      for (const verb of ['get', 'setMany', 'compareAndSet'] as const) {
        for (const at of ['before', 'after'] as const) {
          const shop = openShop()
          const { token } = await logIn(shop, 'åsa')
          shop.store.fail(verb, { at })
          expect(await rejection(shop.sessions.revoke('åsa'))).toMatchObject({ code: 'unavailable' })
          await shop.sessions.revoke('åsa')
          expect(await whoIs(shop, token)).toBe('revoked')
          expect(await livingOf(shop, 'åsa')).toEqual([])
          expect(await shop.sessions.ofUser('åsa')).toEqual([])
        }
      }
    })
  })

  describe('the list', () => {
    test('that the store lost is one of nobody, and the next login begins it anew', async () => {
      const shop = openShop()
      const { token } = await logIn(shop, 'åsa')
      await shop.otherStore.delete(listKey('åsa'))
      expect(await shop.sessions.ofUser('åsa')).toEqual([])
      await shop.sessions.revoke('åsa')
      expect(await whoIs(shop, token)).toBe('åsa')
      const { handle } = await logIn(shop, 'åsa')
      expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle }])
    })

    test.each([
      ['no text', Uint8Array.of(0xff, 0xfe)],
      ['nothing', new Uint8Array()],
      ['cut short', utf8.encode(`${stamp}\n{"v":1,"sess`)],
      ['null', utf8.encode(`${stamp}\nnull`)],
      ['without a version', utf8.encode(`${stamp}\n{"sessions":[]}`)],
      ['without sessions', utf8.encode(`${stamp}\n{"v":1}`)],
      ['with an entry that is none', utf8.encode(`${stamp}\n{"v":1,"sessions":[{}]}`)],
      [
        'with keys that are none',
        utf8.encode(
          `${stamp}\n{"v":1,"sessions":[{"handle":"a","keys":[7],"created":1,"idle":1,"ends":1,"attributes":{}}]}`,
        ),
      ],
      ['with null for an entry', utf8.encode(`${stamp}\n{"v":1,"sessions":[null]}`)],
    ])('that is damaged, %s, is an error for who asks, and no obstacle for who logs in or renews', async (_, bytes) => {
      const shop = openShop()
      const { session, token } = await logIn(shop, 'åsa')
      const damage = () => shop.otherStore.set(listKey('åsa'), bytes, hour)
      await damage()
      for (const [call, operation] of [
        [() => shop.sessions.ofUser('åsa'), 'sessions.ofUser'],
        [() => shop.sessions.revoke('åsa'), 'sessions.revoke'],
      ] as const)
        expect(await rejection(call())).toMatchObject({ code: 'decode', operation })
      expect(await whoIs(shop, token)).toBe('åsa')
      await session.renew()
      expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle: session.handle }])
      await damage()
      const { handle } = await logIn(shop, 'åsa')
      expect(await shop.sessions.ofUser('åsa')).toMatchObject([{ handle }])
    })

    test('of a later release is left untouched, and the error says so', async () => {
      const shop = openShop()
      const { session } = await logIn(shop, 'åsa')
      const { token } = session
      const bytes = utf8.encode(`${stamp}\n{"v":2,"list":[]}`)
      await shop.otherStore.set(listKey('åsa'), bytes, hour)
      const calls: Record<string, () => Promise<unknown>> = {
        'sessions.ofUser': () => shop.sessions.ofUser('åsa'),
        'sessions.revoke': () => shop.sessions.revoke('åsa'),
        'session.login': () => logIn(shop, 'åsa'),
        'session.renew': () => session.renew(),
      }
      for (const [operation, call] of Object.entries(calls))
        expect(await rejection(call())).toMatchObject({
          code: 'decode',
          operation,
          message: expect.stringContaining('release') as string,
        })
      expect(await shop.otherStore.get(listKey('åsa'))).toSatisfy(
        (left: Uint8Array) => Buffer.compare(left, bytes) === 0,
      )
      expect(await whoIs(shop, token)).toBe('åsa')
    })
  })
})
