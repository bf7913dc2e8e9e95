import { isInspectable, isWatchable, type StoreChange, utf8, withPrefix } from '@transient/core'
import { innerStore } from '@transient/core/store'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { describe, expect, test } from 'vitest'
import { caught, rejection } from './caught.ts'

const forever = Number.POSITIVE_INFINITY
const value = utf8.encode('value')

async function keysOf(
  store: { scan(prefix: string): AsyncIterable<readonly string[]> },
  prefix = '',
): Promise<string[]> {
  const keys: string[] = []
  for await (const batch of store.scan(prefix)) keys.push(...batch)
  return keys.sort()
}

describe('withPrefix', () => {
  test('puts the prefix in front of the key for every verb, and takes it off what comes back', async () => {
    const below = createFaultyStore(createMemoryStore())
    const store = withPrefix(below, 'p:')
    await store.set('a', value, 1000)
    await store.setMany([{ key: 'b', value, ttl: 1000 }])
    expect(await store.get('a', { touch: 500 })).toEqual(value)
    expect(await store.getMany(['a', 'b', 'c'])).toEqual([value, value, undefined])
    expect((await store.ttl(['a', 'c']))[1]).toBeUndefined()
    expect(await store.touch('b', 500)).toBe(true)
    expect(await store.compareAndSet('c', null, value, 1000)).toBe(true)
    expect(await store.compareAndSet('c', utf8.encode('va'), utf8.encode('vx'), 'keep', { stamp: 2 })).toBe(true)
    expect(await store.compareAndSet('c', value, utf8.encode('next'), 'keep')).toBe(false)
    expect(await store.compareAndSet('c', utf8.encode('vx'), null)).toBe(true)
    expect(await store.increment('n', 2, 1000)).toMatchObject({ value: 2 })
    expect(await store.take('a')).toEqual(value)
    expect(await store.delete('b')).toBe(1)
    expect(await store.delete(['n', 'gone'])).toBe(1)
    expect(below.calls.list().flatMap((call) => call.keys)).toSatisfy((keys: string[]) =>
      keys.every((key) => key.startsWith('p:')),
    )
    expect(below.calls.count()).toBe(14)
  })

  test('leaves keys of others alone, the glob characters in it included', async () => {
    const below = createMemoryStore()
    for (const key of ['x', 'a*:1', 'ab:1', 'a?:1', 'a[b]:1']) await below.set(key, value, forever)
    for (const prefix of ['a*:', 'a?:', 'a[b]:']) expect(await keysOf(withPrefix(below, prefix))).toEqual(['1'])
    await withPrefix(below, 'a*:').flush()
    expect(await keysOf(below)).toEqual(['a?:1', 'a[b]:1', 'ab:1', 'x'])
  })

  test('nests: the outer prefix stands in front', async () => {
    const below = createMemoryStore()
    const store = withPrefix(withPrefix(below, 'app:'), 'cart:')
    await store.set('1', value, forever)
    expect(await keysOf(below)).toEqual(['app:cart:1'])
    expect(await keysOf(store)).toEqual(['1'])
  })

  test('may be empty', async () => {
    const below = createMemoryStore()
    await withPrefix(below, '').set('k', value, forever)
    expect(await keysOf(below)).toEqual(['k'])
  })

  test('flush deletes everything under the prefix, in batches, and nothing else', async () => {
    const below = createFaultyStore(createMemoryStore())
    const store = withPrefix(below, 'mine:')
    await store.setMany(Array.from({ length: 2500 }, (_, index) => ({ key: `${index}`, value, ttl: forever })))
    await below.set('theirs:1', value, forever)
    below.calls.clear()
    await store.flush()
    expect(await keysOf(below)).toEqual(['theirs:1'])
    expect(below.calls.count('delete')).toBe(3)
    expect(below.calls.count('flush')).toBe(0)
  })

  test('scans below a further prefix and shows keys without its own', async () => {
    const store = withPrefix(createMemoryStore(), 'p:')
    for (const key of ['a:1', 'a:2', 'b:1', 'p:a:1']) await store.set(key, value, forever)
    expect(await keysOf(store, 'a:')).toEqual(['a:1', 'a:2'])
  })

  test('watches below a further prefix, shows keys without its own, and hands a gap on', async () => {
    const below = createMemoryStore()
    const store = withPrefix(below, 'p:')
    const changes: StoreChange[] = []
    const watch = await store.watch('a', (change) => changes.push(change))
    await store.set('a1', value, forever)
    await store.set('b1', value, forever)
    await below.set('a2', value, forever)
    await below.flush()
    await watch[Symbol.asyncDispose]()
    await store.set('a3', value, forever)
    expect(changes).toEqual([{ type: 'changed', keys: ['a1'] }, { type: 'gap' }])
  })

  test('refuses halves of a surrogate pair, which prefix and key would make one well-formed key', async () => {
    const below = createFaultyStore(createMemoryStore())
    expect(caught(() => withPrefix(below, 'a\uD83E'))).toMatchObject({ code: 'invalid-argument' })
    const store = withPrefix(withPrefix(below, 'a'), 'b')
    for (const half of ['\uDD80', '\uD83E']) {
      const calls = [
        store.get(half),
        store.getMany(['fine', half]),
        store.set(half, value, 1),
        store.setMany([{ key: half, value, ttl: 1 }]),
        store.delete(half),
        store.delete([half]),
        store.touch(half, 1),
        store.ttl([half]),
        store.take(half),
        store.compareAndSet(half, null, value, 1),
        store.increment(half, 1, 1),
        store.watch(half, () => {}),
        keysOf(store, half),
      ]
      for (const call of calls)
        expect(await rejection(call)).toMatchObject({ name: 'TypeError', code: 'invalid-argument' })
    }
    expect(below.calls.count()).toBe(0)
  })

  test('refuses misuse by a rejection, before the store below hears of it', async () => {
    const below = createFaultyStore(createMemoryStore())
    const store = withPrefix(below, 'p:')
    const wrong = [
      store.get(5 as unknown as string),
      store.getMany('key' as unknown as string[]),
      store.set('k', 'text' as unknown as Uint8Array, 1),
      store.set('k', value, 0),
      store.setMany([null as unknown as { key: string; value: Uint8Array; ttl: number }]),
      store.delete(null as unknown as string),
      store.compareAndSet('k', null, null as unknown as Uint8Array, 1),
      store.increment('k', 0.5, 1),
      store.watch('', null as unknown as () => void),
    ]
    for (const call of wrong) expect(await rejection(call)).toMatchObject({ code: 'invalid-argument' })
    expect(below.calls.count()).toBe(0)
  })

  test('refuses a prefix that is no key', () => {
    expect(caught(() => withPrefix(createMemoryStore(), undefined as unknown as string))).toBeInstanceOf(TypeError)
  })

  test('an empty batch costs nothing', async () => {
    const below = createFaultyStore(createMemoryStore())
    const store = withPrefix(below, 'p:')
    await store.setMany([])
    expect(await store.getMany([])).toEqual([])
    expect(await store.delete([])).toBe(0)
    expect(below.calls.count()).toBe(0)
  })

  test('errors pass as they are, with the full key', async () => {
    const below = createFaultyStore(createMemoryStore())
    below.fail('get', { code: 'unavailable' })
    expect(await rejection(withPrefix(below, 'p:').get('k'))).toMatchObject({ code: 'unavailable', key: 'p:k' })
  })

  test('close closes the store below', async () => {
    const below = createMemoryStore()
    await withPrefix(below, 'p:').close()
    expect(await rejection(below.get('k'))).toMatchObject({ code: 'closed' })
    {
      const another = createMemoryStore()
      await withPrefix(another, 'p:')[Symbol.asyncDispose]()
      expect(await rejection(another.get('k'))).toMatchObject({ code: 'closed' })
    }
  })

  test('a store keeps its abilities and its atomicity, and the way to it', () => {
    const below = createMemoryStore()
    const store = withPrefix(below, 'p:')
    expect(isInspectable(store) && isWatchable(store)).toBe(true)
    expect(store.atomicity).toBe('process')
    expect(innerStore(store)).toBe(below)
  })
})
