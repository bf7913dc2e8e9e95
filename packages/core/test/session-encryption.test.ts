import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Codec, createSessionStore, encrypted, json, utf8 } from '@transient/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { caught, rejection } from './caught.ts'
import { type Shop, type ShopUnderTest, secret, storeKinds, useShops } from './shop.ts'

const newer = 'a newer key of more than thirty-two characters'
const foreign = 'a foreign key of more than thirty-two characters'
const hour = 3_600_000

let corrupt: unknown[] = []
let unreadable: unknown[] = []
const onCorrupt = (message: unknown) => void corrupt.push(message)
const onUnreadable = (message: unknown) => void unreadable.push(message)

beforeEach(() => {
  corrupt = []
  unreadable = []
  subscribe('transient:session:corrupt', onCorrupt)
  subscribe('transient:session:unreadable', onUnreadable)
})
afterEach(() => {
  unsubscribe('transient:session:corrupt', onCorrupt)
  unsubscribe('transient:session:unreadable', onUnreadable)
})

/** Another release, or another process, in front of the same storage. */
function withCodec(shop: ShopUnderTest, codec: Codec<unknown> | undefined) {
  return createSessionStore<Shop>(shop.store, {
    secrets: secret,
    deadline: '30s',
    ...(codec === undefined ? {} : { codec }),
  })
}

async function onlyKey(shop: ShopUnderTest): Promise<string> {
  const keys = [...(await shop.dump()).keys()]
  expect(keys).toHaveLength(1)
  return keys[0] as string
}

describe.each(storeKinds)('encrypted sessions on %s', (kind) => {
  const openShop = useShops(kind)
  const encryptedShop = () => openShop({ codec: encrypted(utf8, secret) })

  test('come back, and are changed by many without a loss', async () => {
    const { sessions, otherSessions, begin, find } = encryptedShop()
    const token = await begin({ user: 'Åsa 🦀', cart: ['"\n\\'] })
    const requests = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? sessions : otherSessions).load(token)),
    )
    requests.forEach((session, index) => (session.data[`field${index}`] = index))
    await Promise.all(requests.map((session) => session.commit()))
    await Promise.all(requests.map((session) => session.update('count', (count = 0) => count + 1)))
    expect(await find(token)).toMatchObject({ user: 'Åsa 🦀', cart: ['"\n\\'], field0: 0, field39: 39, count: 40 })
  })

  test('show nothing of data, flash messages, users, devices and attributes in the store', async () => {
    const { sessions, begin, dump } = encryptedShop()
    const session = await sessions.load(await begin({ user: 'Secretuser' }))
    session.flash('Secretmessage')
    session.expireField('user', '1h')
    await session.commit()
    await session.login('someone', { device: 'Secretdevice' })
    await session.renew()
    session.data.cart = ['Secretcart']
    await session.commit()
    const stored = await dump()
    expect(stored.size).toBeGreaterThanOrEqual(4)
    const values = [...stored.values()].join('\n')
    for (const secretText of ['Secret', 'kind', 'session', 'pointer', 'marker', 'handle', 'someone', 'flash'])
      expect(values).not.toContain(secretText)
  })

  test('are renewed, logged in, listed, revoked and logged out like any others', async () => {
    const { sessions, begin, find } = encryptedShop()
    const first = await begin({ user: 'Åsa', count: 1 })
    const session = await sessions.load(first)
    await session.renew()
    expect(await find(first)).toEqual({ user: 'Åsa', count: 1 })
    const slow = await sessions.load(session.token)
    await session.login('åsa', { device: 'phone' })
    slow.data.a = 1
    await slow.commit()
    expect(await find(session.token)).toEqual({ user: 'Åsa', count: 1, a: 1 })
    session.flash('hi')
    await session.commit()
    expect(await (await sessions.load(session.token)).takeFlash()).toEqual([{ kind: 'info', message: 'hi' }])
    expect(await sessions.ofUser('åsa')).toMatchObject([{ handle: session.handle, attributes: { device: 'phone' } }])
    const { token } = session
    await sessions.revoke('åsa')
    expect(await sessions.load(token)).toMatchObject({ isNew: true, endedBecause: 'revoked' })
    expect(await sessions.ofUser('åsa')).toEqual([])
    const other = await sessions.load(await begin({ count: 1 }))
    await other.logout({ keep: ['count'] })
    await other.commit()
    expect(await find(other.token)).toEqual({ count: 1 })
    expect(corrupt.length + unreadable.length).toBe(0)
  })

  test('of an old key are read while it is in the ring, and have the new one from the next write on', async () => {
    const shop = encryptedShop()
    const token = await shop.begin({ user: 'Åsa' })
    const rotated = withCodec(shop, encrypted(utf8, [newer, secret]))
    const session = await rotated.load(token)
    expect(session.data.user).toBe('Åsa')
    // A read rewrites nothing.
    expect((await shop.sessions.load(token)).data.user).toBe('Åsa')
    session.data.count = 1
    await session.commit()
    const onlyNew = withCodec(shop, encrypted(utf8, newer))
    expect({ ...(await onlyNew.load(token)).data }).toEqual({ user: 'Åsa', count: 1 })
  })

  test.each<[string, Codec<unknown> | undefined, Codec<unknown> | undefined]>([
    ['of a key that is not in the ring', encrypted(utf8, foreign), encrypted(utf8, secret)],
    ['that are plain, where they should be encrypted', undefined, encrypted(utf8, secret)],
    ['that are encrypted, where they should be plain', encrypted(utf8, secret), undefined],
  ])('%s are unreadable: refused for every write, and left untouched byte for byte', async (_, theirs, ours) => {
    const shop = openShop()
    const begun = await withCodec(shop, theirs).load()
    begun.data.user = 'Åsa'
    await begun.commit()
    const key = await onlyKey(shop)
    const before = await shop.dump()
    const session = await withCodec(shop, ours).load(begun.token)
    expect(session).toMatchObject({ isNew: true, token: undefined, endedBecause: 'unreadable' })
    expect({ ...session.data }).toEqual({})
    session.data.user = 'Örjan'
    for (const write of [() => session.commit(), () => session.update('count', () => 1), () => session.renew()])
      expect(await rejection(write())).toMatchObject({ code: 'session-unreadable', applied: 'no' })
    expect(await shop.dump()).toEqual(before)
    expect(unreadable).toEqual([{ id: key.slice('session:'.length) }])
    expect(corrupt).toEqual([])
    expect((await withCodec(shop, theirs).load(begun.token)).data.user).toBe('Åsa')
  })

  test('that were damaged are reported, and replaced by the next write', async () => {
    const { sessions, otherStore, begin, find, dump } = encryptedShop()
    const token = await begin({ user: 'Åsa' })
    const [key] = [...(await dump()).keys()] as [string]
    const bytes = Uint8Array.from((await otherStore.get(key)) as Uint8Array)
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
    await otherStore.set(key, bytes, hour)
    const session = await sessions.load(token)
    expect(session).toMatchObject({ isNew: true, endedBecause: 'corrupt' })
    expect(corrupt).toEqual([{ id: key.slice('session:'.length) }])
    session.data.user = 'Örjan'
    await session.commit()
    expect(session.token).toBe(token)
    expect(await find(token)).toEqual({ user: 'Örjan' })
  })

  test('that somebody copied to the key of another session are no sessions', async () => {
    const { sessions, otherStore, begin, dump } = encryptedShop()
    const rich = await begin({ user: 'admin' })
    const [richKey] = [...(await dump()).keys()] as [string]
    const poor = await begin({ user: 'Mallory' })
    const poorKey = [...(await dump()).keys()].find((key) => key !== richKey) as string
    await otherStore.set(poorKey, (await otherStore.get(richKey)) as Uint8Array, hour)
    const session = await sessions.load(poor)
    expect(session).toMatchObject({ isNew: true, endedBecause: 'corrupt' })
    expect(session.data.user).toBeUndefined()
    expect((await sessions.load(rich)).data.user).toBe('admin')
  })

  test('end by a logout with an id that was renewed, more than once', async () => {
    const { sessions, begin, find } = encryptedShop()
    const old = await begin({ user: 'Åsa' })
    const session = await sessions.load(old)
    await session.renew()
    await session.renew()
    await sessions.open(old).destroy()
    expect(await find(session.token)).toBeUndefined()
    expect(await sessions.load(session.token)).toMatchObject({ endedBecause: 'expired' })
  })

  /** A user whose renewal came to nothing: the list has the new id and the old one, the old one has what is given. */
  async function halfRenewed(shop: ShopUnderTest, bytes?: Uint8Array) {
    const session = await shop.sessions.load()
    await session.login('åsa')
    const sessionKeys = async () => [...(await shop.dump()).keys()].filter((key) => !key.includes('user:'))
    const [oldKey] = (await sessionKeys()) as [string]
    const old = { token: session.token, bytes: (await shop.otherStore.get(oldKey)) as Uint8Array }
    await session.renew()
    const newKey = (await sessionKeys()).find((key) => key !== oldKey) as string
    await shop.otherStore.delete(newKey)
    await shop.otherStore.set(oldKey, bytes ?? old.bytes, hour)
    return { token: old.token }
  }

  test('are listed also under the id from which a renewal came to nothing', async () => {
    const shop = encryptedShop()
    const { token } = await halfRenewed(shop)
    expect(await shop.sessions.ofUser('åsa')).toHaveLength(1)
    expect(await shop.sessions.ofUser('åsa')).toHaveLength(1)
    await shop.sessions.revoke('åsa')
    expect(await shop.sessions.load(token)).toMatchObject({ endedBecause: 'revoked' })
  })

  test('that are unreadable stay listed, so that they can be revoked', async () => {
    const shop = encryptedShop()
    const theirs = openShop({ codec: encrypted(utf8, foreign) })
    await theirs.begin({ user: 'Åsa' })
    const [foreignKey] = [...(await theirs.dump()).keys()] as [string]
    const { token } = await halfRenewed(shop, await theirs.otherStore.get(foreignKey))
    expect(await shop.sessions.load(token)).toMatchObject({ endedBecause: 'unreadable' })
    expect(await shop.sessions.ofUser('åsa')).toHaveLength(1)
    await shop.sessions.revoke('åsa')
    expect(await shop.sessions.load(token)).toMatchObject({ endedBecause: 'revoked' })
  })

  test('that are found to be off the list by a renewal say revoked from then on', async () => {
    const shop = encryptedShop()
    const session = await shop.sessions.load()
    await session.login('åsa')
    const [key] = [...(await shop.dump()).keys()].filter((name) => !name.includes('user:')) as [string]
    const bytes = (await shop.otherStore.get(key)) as Uint8Array
    await shop.sessions.revoke('åsa')
    await shop.otherStore.set(key, bytes, hour)
    const escaped = await shop.sessions.load(session.token)
    expect(await rejection(escaped.renew())).toMatchObject({ code: 'session-ended' })
    expect(await shop.sessions.load(session.token)).toMatchObject({ endedBecause: 'revoked' })
  })

  test('whose list of a user has a key that is not in the ring: logging in and listing are refused, the list stays', async () => {
    const shop = openShop({ codec: encrypted(utf8, foreign) })
    await (await shop.sessions.load()).login('åsa')
    const before = await shop.dump()
    const ours = withCodec(shop, encrypted(utf8, secret))
    expect(await rejection(ours.ofUser('åsa'))).toMatchObject({ code: 'decode' })
    expect(await rejection(ours.revoke('åsa'))).toMatchObject({ code: 'decode' })
    expect(await rejection((await ours.load()).login('åsa'))).toMatchObject({ code: 'decode' })
    expect(await shop.dump()).toEqual(before)
  })

  test('take any codec for texts, json too', async () => {
    const { begin, find, dump } = openShop({ codec: encrypted(json, secret) })
    const token = await begin({ user: 'Åsa', cart: ['apple'] })
    expect(await find(token)).toEqual({ user: 'Åsa', cart: ['apple'] })
    expect([...(await dump()).values()].join()).not.toContain('apple')
  })

  test('cost no more commands: one for a read, one more for a write', async () => {
    const { sessions, store, begin } = encryptedShop()
    const token = await begin({ user: 'Åsa' })
    const session = await sessions.load(token)
    expect(store.calls.count()).toBe(1)
    session.data.count = 1
    await session.commit()
    expect(store.calls.count()).toBe(2)
  })

  test('with a codec that is none for texts are refused when the store is made', () => {
    expect(caught(() => openShop({ codec: { encode: () => new Uint8Array(), decode: () => 5 } }))).toMatchObject({
      name: 'TypeError',
      code: 'invalid-argument',
    })
  })
})
