import { createSessionStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { caught, rejection } from './caught.ts'
import { secret, storeKinds, useShops } from './shop.ts'

const info = (message: string) => ({ kind: 'info', message })

describe.each(storeKinds)('flash messages on %s', (kind) => {
  const openShop = useShops(kind)

  test('wait for the next page in their order, with their kind, and each queue for itself', async () => {
    const { sessions } = openShop()
    const first = await sessions.load()
    first.flash('Saved', { kind: 'success' })
    first.flash('Smörgås')
    first.flash('Undo?', { queue: 'undo', kind: 'a kind of our own' })
    await first.commit()

    const next = await sessions.load(first.token)
    expect(next.peekFlash()).toEqual([{ kind: 'success', message: 'Saved' }, info('Smörgås')])
    expect(next.peekFlash('undo')).toEqual([{ kind: 'a kind of our own', message: 'Undo?' }])
    expect(next.peekFlash('other')).toEqual([])
    expect(await next.takeFlash()).toEqual([{ kind: 'success', message: 'Saved' }, info('Smörgås')])
    expect(next.peekFlash()).toEqual([])
    const last = await sessions.load(first.token)
    expect(await last.takeFlash()).toEqual([])
    expect(await last.takeFlash('undo')).toHaveLength(1)
  })

  test('are removed from the store before they are handed out', async () => {
    const { sessions, otherSessions, store, begin } = openShop()
    const token = await begin({ user: 'Åsa' })
    const writer = await sessions.load(token)
    writer.flash('once')
    await writer.commit()
    const reader = await sessions.load(token)
    const gate = store.hold('compareAndSet', { at: 'after' })
    let handedOut = false
    const taking = reader.takeFlash().finally(() => (handedOut = true))
    await gate.arrived
    expect(handedOut).toBe(false)
    expect((await otherSessions.load(token)).peekFlash()).toEqual([])
    gate.release()
    expect(await taking).toEqual([info('once')])
  })

  test('are lost, and not shown twice, when the answer to the removal is lost', async () => {
    const { sessions, otherSessions, store, begin } = openShop()
    const token = await begin({ user: 'Åsa' })
    const writer = await sessions.load(token)
    writer.flash('once')
    await writer.commit()
    const reader = await sessions.load(token)
    store.fail('compareAndSet', { code: 'timeout', at: 'after' })
    expect(await rejection(reader.takeFlash())).toMatchObject({ code: 'timeout', applied: 'unknown' })
    store.recover()
    expect(await (await otherSessions.load(token)).takeFlash()).toEqual([])
  })

  test.each([1, 10])('go to one of two tabs that take them at the same moment, %i times', async (times) => {
    for (let at = 0; at < times; at++) {
      const { sessions, otherSessions, store, otherStore, begin } = openShop()
      const token = await begin({ user: 'Åsa' })
      const writer = await sessions.load(token)
      writer.flash('once')
      await writer.commit()
      const tabs = await Promise.all([sessions.load(token), otherSessions.load(token)])
      // Both have seen the message, and both want to remove it before either has.
      const gates = [store.hold('compareAndSet'), otherStore.hold('compareAndSet')]
      const takings = tabs.map((tab) => tab.takeFlash())
      await Promise.all(gates.map((gate) => gate.arrived))
      for (const gate of gates) gate.release()
      expect((await Promise.all(takings)).flat()).toEqual([info('once')])
    }
  })

  test('of two requests at the same moment are both kept', async () => {
    const { sessions, otherSessions, begin } = openShop()
    const token = await begin({ user: 'Åsa' })
    const requests = await Promise.all([sessions.load(token), otherSessions.load(token), sessions.load(token)])
    requests.forEach((request, at) => request.flash(`from ${at}`))
    await Promise.all(requests.map((request) => request.commit()))
    const messages = await (await sessions.load(token)).takeFlash()
    expect(messages.map(({ message }) => message).sort()).toEqual(['from 0', 'from 1', 'from 2'])
  })

  test('that were flashed after another tab took the queue stay for the next page', async () => {
    const { sessions, begin } = openShop()
    const token = await begin({ user: 'Åsa' })
    const late = await sessions.load(token)
    late.flash('late')
    await late.commit()
    const [taker, flasher] = await Promise.all([sessions.load(token), sessions.load(token)])
    flasher.flash('later')
    await flasher.commit()
    // The taker takes what is there when it takes, and not what it had seen.
    expect(await taker.takeFlash()).toEqual([info('late'), info('later')])
  })

  test('outlive a renewal and a login, and not a logout', async () => {
    const { sessions } = openShop()
    const session = await sessions.load()
    session.flash('one')
    await session.commit()
    await session.renew()
    session.flash('two')
    await session.login('åsa')
    expect((await sessions.load(session.token)).peekFlash()).toEqual([info('one'), info('two')])
    await session.logout({ keep: ['cart'] })
    expect(session.peekFlash()).toEqual([])
    expect(session.token).toBeUndefined()
  })

  test('cost nothing where there are none', async () => {
    const { sessions, store, begin } = openShop()
    const token = await begin({ user: 'Åsa' })
    const session = await sessions.load(token)
    store.calls.clear()
    expect(await session.takeFlash()).toEqual([])
    expect(await (await sessions.load()).takeFlash()).toEqual([])
    expect(session.peekFlash('any')).toEqual([])
    expect(store.calls.list()).toEqual([])
  })

  test('of a damaged queue are none, and the next flash begins it anew', async () => {
    const { sessions, otherStore, dump } = openShop()
    const session = await sessions.load()
    session.flash('one')
    await session.commit()
    const [key, text] = [...(await dump())][0] as [string, string]
    await otherStore.set(key, Buffer.from(text.replace('[{"kind"', '[{"kind'), 'latin1'), 60_000)
    const next = await sessions.load(session.token)
    expect(next.peekFlash()).toEqual([])
    next.flash('two')
    await next.commit()
    expect((await sessions.load(session.token)).peekFlash()).toEqual([info('two')])
  })
})

describe('a flash message', () => {
  const sessions = createSessionStore(createMemoryStore(), { secrets: secret })

  test('is taken in the request that flashed it, without ever being stored', async () => {
    const session = await sessions.load()
    session.flash('at once')
    expect(session.peekFlash()).toEqual([info('at once')])
    expect(await session.takeFlash()).toEqual([info('at once')])
    expect(await session.takeFlash()).toEqual([])
    await session.commit()
    expect(session.isNew).toBe(true)
  })

  test('is not repeated where duplicates are not wanted: neither a waiting one nor one of the same request', async () => {
    const first = await sessions.load()
    first.flash('twice')
    first.flash('twice', { allowDuplicate: false })
    first.flash('twice', { allowDuplicate: false, kind: 'error' })
    await first.commit()
    const second = await sessions.load(first.token)
    second.flash('twice', { allowDuplicate: false })
    expect(second.peekFlash()).toEqual([info('twice'), { kind: 'error', message: 'twice' }])
    await second.commit()
    expect((await sessions.load(first.token)).peekFlash()).toHaveLength(2)
    second.flash('twice')
    expect(second.peekFlash()).toHaveLength(3)
  })

  test('can be anything with a JSON form, typed, and is what it was when it was flashed', async () => {
    const typed = createSessionStore<{ cart: string[] }, { text: string; undo?: string }>(createMemoryStore(), {
      secrets: secret,
    })
    const session = await typed.load()
    const message = { text: 'Removed', undo: '/undo/7' }
    session.flash(message)
    message.text = 'changed later'
    // @ts-expect-error Messages of this store are objects.
    session.flash('a text')
    const [first] = await session.takeFlash()
    expect(first).toEqual({ kind: 'info', message: { text: 'Removed', undo: '/undo/7' } })
    expectTypeOf(first?.message.undo).toEqualTypeOf<string | undefined>()
  })

  test.each([
    ['a function', () => {}],
    ['nothing', undefined],
    ['a bigint', 1n],
  ])('that is %s is refused when it is flashed', async (_, message) => {
    const session = await sessions.load()
    expect(caught(() => session.flash(message as unknown as string))).toMatchObject({
      code: 'invalid-argument',
      name: 'TypeError',
    })
    expect(session.peekFlash()).toEqual([])
  })

  test('with a queue or a kind that is no text is refused', async () => {
    const session = await sessions.load()
    for (const options of [{ queue: 7 }, { kind: null }]) {
      expect(caught(() => session.flash('x', options as never))).toMatchObject({ code: 'invalid-argument' })
    }
    expect(caught(() => session.peekFlash(7 as never))).toMatchObject({ code: 'invalid-argument' })
    expect(await rejection(session.takeFlash(7 as never))).toMatchObject({ code: 'invalid-argument' })
  })

  test('needs a loaded session, and one that is not sealed', async () => {
    const unread = sessions.open()
    expect(caught(() => unread.flash('x'))).toMatchObject({ code: 'session-not-loaded' })
    expect(caught(() => unread.peekFlash())).toMatchObject({ code: 'session-not-loaded' })
    await unread.load()
    void unread.seal()
    expect(caught(() => unread.flash('x'))).toMatchObject({ code: 'session-sealed' })
    expect(await rejection(unread.takeFlash())).toMatchObject({ code: 'session-sealed' })
  })

  test('is not among the fields of the data, and no field can be named like its queue', async () => {
    const session = await sessions.load()
    session.flash('x')
    session.data.a = 1
    await session.commit()
    const next = await sessions.load(session.token)
    expect(Object.keys(next.data)).toEqual(['a'])
    expect(JSON.stringify(next.data)).toBe('{"a":1}')
    expect(caught(() => (next.data['\u0000flash:'] = 1))).toMatchObject({ code: 'invalid-argument' })
    expect(await rejection(next.update('\u0000flash:', () => 1))).toMatchObject({ code: 'invalid-argument' })
  })
})
