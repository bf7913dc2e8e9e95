import { createCache, isTransientError } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { caught, rejection } from './caught.ts'
import { createGate } from './gate.ts'
import { storeKinds, useShops } from './shop.ts'

interface Product {
  readonly id: string
  readonly price: number
}

const values: [string, unknown][] = [
  ['an object', { a: [1, { b: 'ÅÄÖ' }] }],
  ['null', null],
  ['zero', 0],
  ['an empty text', ''],
  ['false', false],
  ['undefined', undefined],
]

describe.each(storeKinds)('a cache on %s', (kind) => {
  const openShop = useShops(kind)

  /** Two caches in two processes, as far as the store can tell. */
  function openCaches(options: Parameters<typeof createCache>[1] = {}) {
    const { store, otherStore } = openShop()
    const all = { deadline: '30s', jitter: 0, ...options } as const
    return { store, otherStore, cache: createCache(store, all), other: createCache(otherStore, all) }
  }

  describe('keeps values', () => {
    test.each(values)('of any kind: %s', async (_, value) => {
      const { cache, other } = openCaches()
      expect([await cache.has('key'), await cache.get('key')]).toEqual([false, undefined])
      await cache.set('key', value)
      expect([await other.has('key'), await other.get('key')]).toEqual([true, value])
      expect(await other.getOrSet('key', () => 'loaded')).toEqual(value)
      expect(await other.delete('key')).toBe(true)
      expect(await cache.has('key')).toBe(false)
      expect(await other.delete('key')).toBe(false)
    })

    test.each(values)('that were loaded, whatever they are: %s', async (_, value) => {
      const { cache, other } = openCaches()
      let loads = 0
      const load = () => {
        loads++
        return value
      }
      expect(await cache.getOrSet('key', load)).toEqual(value)
      expect(await other.getOrSet('key', load)).toEqual(value)
      expect(await other.has('key')).toBe(true)
      expect(loads).toBe(1)
    })

    test('under hostile keys, each its own', async () => {
      const { cache } = openCaches()
      const keys = [
        '',
        ':',
        'v:',
        'n:0',
        's:a:v:key',
        '__proto__',
        '*',
        '{a}',
        'a\nb',
        '🦀',
        ' key',
        'key ',
        'KEY',
        'key',
      ]
      await cache.setMany(keys.map((key, at) => [key, at] as const))
      expect([...(await cache.getMany(keys))]).toEqual(keys.map((key, at) => [key, at]))
    })

    test('many in one call, those that are there', async () => {
      const { cache, other, otherStore } = openCaches()
      await cache.setMany(Object.entries({ a: 1, b: undefined, c: null }))
      otherStore.calls.clear()
      expect([...(await other.getMany(['a', 'x', 'b', 'c']))]).toEqual([
        ['a', 1],
        ['b', undefined],
        ['c', null],
      ])
      expect(otherStore.calls.list().map(({ verb }) => verb)).toEqual(['getMany'])
      expect(await other.delete(['a', 'b', 'x'])).toBe(true)
      expect([...(await cache.getMany(['a', 'b', 'c'])).keys()]).toEqual(['c'])
    })
  })

  describe('ends values', () => {
    test('by tag, wherever they were stored, and those of other tags stay', async () => {
      const { cache, other } = openCaches()
      await cache.set('a', 1, { tags: ['red', 'big'] })
      await other.getOrSet('b', () => 2, { tags: ['red'] })
      await other.getOrSet('c', ({ setTags }) => {
        setTags(['red', 'blue'])
        return 3
      })
      await cache.set('d', 4, { tags: ['blue'] })
      await cache.set('e', 5)
      await other.invalidateTag('red')
      const left = await cache.getMany(['a', 'b', 'c', 'd', 'e'])
      expect([...left]).toEqual([
        ['d', 4],
        ['e', 5],
      ])
      await cache.invalidateTags(['blue', 'never used'])
      expect([...(await other.getMany(['d', 'e']))]).toEqual([['e', 5]])
      await cache.set('a', 6, { tags: ['red'] })
      expect(await other.get('a')).toBe(6)
    })

    test('all of a namespace and of those inside it, and no others, whatever they are called', async () => {
      const { cache, other } = openCaches()
      const names = ['a', 'b', 'a:b', 'a%3Ab', 's', 'v', '__proto__']
      const spaces = names.map((name) => cache.namespace(name))
      const inner = cache.namespace('a').namespace('b')
      await Promise.all([...spaces, inner, cache].map((space, at) => space.set('key', at)))
      await other.namespace('a').clear()
      expect(await Promise.all([...spaces, inner, cache].map((space) => space.get('key')))).toEqual([
        undefined,
        1,
        2,
        3,
        4,
        5,
        6,
        undefined,
        8,
      ])
      await other.clear()
      expect(await Promise.all([...spaces, cache].map((space) => space.has('key')))).not.toContain(true)
    })

    test('in as many commands for many values as for few', async () => {
      const counts: number[][] = []
      for (const many of [2, 500]) {
        const { cache, store } = openCaches()
        await cache.setMany(
          Array.from({ length: many }, (_, at) => [`key ${at}`, at] as const),
          { tags: ['all'] },
        )
        store.calls.clear()
        await cache.invalidateTag('all')
        const tagged = store.calls.list().length
        await cache.clear()
        counts.push([tagged, store.calls.list().length - tagged])
        expect((await cache.getMany(['key 0', 'key 1'])).size).toBe(0)
      }
      expect(counts[0]).toEqual(counts[1])
    })

    test('when a token is lost: towards a miss', async () => {
      const { cache, store, otherStore } = openCaches()
      await cache.set('key', 1)
      const keys: string[] = []
      for await (const found of otherStore.scan('cache:n:')) keys.push(...found)
      await otherStore.delete(keys)
      expect(await cache.has('key')).toBe(false)
      await cache.set('key', 2)
      store.calls.clear()
      expect(await cache.get('key')).toBe(2)
      expect(store.calls.list()).toHaveLength(1)
    })
  })

  describe('loads', () => {
    test('once for a thousand callers in two processes', async () => {
      const { cache, other } = openCaches()
      const gate = createGate<string>()
      const calls = Array.from({ length: 1000 }, (_, at) => (at % 2 ? cache : other).getOrSet('key', gate.pass))
      await gate.arrived
      const late = [cache, other].map((one) => one.getOrSet('key', gate.pass))
      gate.open('loaded')
      expect(new Set(await Promise.all([...calls, ...late]))).toEqual(new Set(['loaded']))
      expect(gate.count).toBe(1)
    })

    test('anew after a delete, a clear and a tag that came while the loader ran, from here or from elsewhere', async () => {
      const ways: ((from: ReturnType<typeof openCaches>['cache']) => Promise<unknown>)[] = [
        (from) => from.delete('key'),
        (from) => from.clear(),
        (from) => from.invalidateTag('tag'),
        (from) => from.invalidateTag('late'),
      ]
      for (const way of ways)
        for (const where of ['here', 'elsewhere']) {
          const { cache, other } = openCaches()
          const gate = createGate<string>()
          const slow = cache.getOrSet(
            'key',
            ({ setTags }) => {
              if (way === ways[3]) setTags(['late'])
              return gate.pass()
            },
            { tags: ['tag'] },
          )
          await gate.arrived
          await way(where === 'here' ? cache : other)
          // Called after it was ended, so neither the one that is running nor what it stores may answer.
          const after = [cache, other].map((one) => one.getOrSet('key', () => 'new', { tags: ['tag'] }))
          if (way !== ways[3]) expect(await Promise.all(after)).toEqual(['new', 'new'])
          gate.open('old')
          expect(await slow).toBe('old')
          expect(await Promise.all(after)).toEqual(['new', 'new'])
          expect(await cache.getOrSet('key', () => 'newer', { tags: ['tag'] })).toBe('new')
        }
    })

    test('a value that a set has overtaken is not stored', async () => {
      const { cache, other } = openCaches()
      const gate = createGate<string>()
      const slow = cache.getOrSet('key', gate.pass)
      await gate.arrived
      await other.set('key', 'set')
      gate.open('old')
      expect(await slow).toBe('old')
      expect([await cache.get('key'), await other.get('key')]).toEqual(['set', 'set'])
    })

    test('gives the error of the loader, itself, to all who wait, and does not store it', async () => {
      const { cache, other } = openCaches({ backoff: '1h' })
      const gate = createGate<string>()
      const calls = Array.from({ length: 50 }, () => cache.getOrSet('key', gate.pass))
      await gate.arrived
      const boom = new Error('boom')
      gate.fail(boom)
      for (const call of calls) expect(await rejection(call)).toBe(boom)
      expect(gate.count).toBe(1)
      // Until the back-off is over nobody here tries again.
      expect(await rejection(cache.getOrSet('key', () => 'too early'))).toBe(boom)
      // Another process has had no error.
      expect(await other.getOrSet('key', () => 'loaded')).toBe('loaded')
      expect(await cache.getOrSet('key', () => 'too early')).toBe('loaded')
    })

    test('many keys with one call, for those that it has to make', async () => {
      const { cache, other, store } = openCaches()
      await other.set('b', 'stored')
      const gate = createGate<string>()
      const elsewhere = other.getOrSet('c', gate.pass)
      await gate.arrived
      const asked: (readonly string[])[] = []
      store.calls.clear()
      const all = cache.getOrSetMany(['a', 'b', 'c', 'd', 'a'], async (keys) => {
        asked.push(keys)
        return new Map(keys.filter((key) => key !== 'd').map((key) => [key, `made ${key}`]))
      })
      gate.open('from elsewhere')
      expect([...(await all)]).toEqual([
        ['a', 'made a'],
        ['b', 'stored'],
        ['c', 'from elsewhere'],
        ['d', undefined],
      ])
      await elsewhere
      expect(asked).toEqual([['a', 'd']])
      expect(await other.has('d')).toBe(true)
    })

    test('with at most 3 commands for a miss and its fill, and one round trip for a hit, with tags or without', async () => {
      const { cache, store } = openCaches()
      const keys = Array.from({ length: 100 }, (_, at) => `key ${at}`)
      // So that the tokens are there.
      await cache.setMany(
        keys.map((key) => [key, 0] as const),
        { tags: ['a', 'b'] },
      )
      for (const tags of [[], ['a', 'b']]) {
        await cache.delete('key 0')
        await cache.getOrSet('key 0', () => 0, { tags })
        await cache.delete('key 0')
        store.calls.clear()
        await cache.getOrSet('key 0', () => 1, { tags })
        if (tags.length === 0)
          expect(store.calls.list().map(({ verb }) => verb)).toEqual(['getMany', 'compareAndSet', 'compareAndSet'])
        store.calls.clear()
        expect(await cache.getOrSet('key 0', () => 2, { tags })).toBe(1)
        expect(await cache.get('key 0')).toBe(1)
        expect(store.calls.list().map(({ verb }) => verb)).toEqual(['getMany', 'getMany'])
      }
    })
  })
})

describe('a cache', () => {
  test('types keys and values by their shape', async () => {
    const cache = createCache<{ catalogue: Product[]; [id: `product:${string}`]: Product | Product[] }>(
      createMemoryStore(),
    )
    expectTypeOf(await cache.get('catalogue')).toEqualTypeOf<Product[] | undefined>()
    // @ts-expect-error There is no such key.
    await cache.get('other')
    // @ts-expect-error Not what this key holds.
    await cache.set('catalogue', { id: '7' })
    const loaded = await cache.getOrSet('catalogue', () => [{ id: '7', price: 1 }])
    expectTypeOf(loaded).toEqualTypeOf<Product[]>()
  })

  test('refuses what makes no sense before any I/O, and names the option', async () => {
    const store = createMemoryStore()
    const cache = createCache(store)
    const bad: [object, string][] = [
      ...[0, -1, Number.NaN, 1.5, '5 minuts', null].map((ttl): [object, string] => [{ ttl }, 'ttl']),
      [{ grace: 0 }, 'grace'],
      [{ negativeTtl: '1x' }, 'negativeTtl'],
      [{ softTimeout: -1 }, 'softTimeout'],
      [{ hardTimeout: 0 }, 'hardTimeout'],
      [{ jitter: 2 }, 'jitter'],
      [{ earlyRefresh: Number.NaN }, 'earlyRefresh'],
      [{ tags: 'red' }, 'tags'],
      [{ tags: [''] }, 'tags'],
      [{ tags: ['\ud800'] }, 'surrogate'],
      [{ signal: {} }, 'signal'],
    ]
    for (const [options, name] of bad) {
      const error = await rejection(cache.getOrSet('key', () => 1, options))
      expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining(name) as string })
      if (name !== 'softTimeout' && name !== 'hardTimeout' && name !== 'earlyRefresh' && name !== 'signal')
        expect(await rejection(cache.set('key', 1, options as never))).toMatchObject({ code: 'invalid-argument' })
    }
    for (const key of ['x'.repeat(10_000_000), '\ud800', 7, undefined]) {
      expect(await rejection(cache.get(key as string))).toMatchObject({ code: 'invalid-argument' })
      expect(await rejection(cache.getOrSet(key as string, () => 1))).toMatchObject({ code: 'invalid-argument' })
      expect(await rejection(cache.delete(key as string))).toMatchObject({ code: 'invalid-argument' })
    }
    expect(await rejection(cache.getOrSet('key', 7 as never))).toMatchObject({ code: 'invalid-argument' })
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    for (const value of [1n, cycle, () => 1])
      expect(await rejection(cache.set('key', value))).toMatchObject({ code: 'invalid-argument' })
    expect(store.usage().entries).toBe(0)
  })

  test.each([
    [{ prefix: 7 }],
    [{ ttl: 0 }],
    [{ lease: '1x' }],
    [{ lease: Number.POSITIVE_INFINITY }],
    [{ backoff: -1 }],
    [{ deadline: 0 }],
    [{ maxValueBytes: 0 }],
    [{ now: 7 }],
    [{ schema: {} }],
    [{ near: { maxEntries: 0 } }],
    [{ near: { maxBytes: 1.5 } }],
    [{ near: { ttl: '5 minuts' } }],
  ])('refuses at creation: %j', (options) => {
    expect(caught(() => createCache(createMemoryStore(), options as never))).toMatchObject({ code: 'invalid-argument' })
  })

  test('hands out a loaded value that is too large, and stores none; a set of one is refused', async () => {
    const cache = createCache(createMemoryStore(), { maxValueBytes: 100 })
    expect(await cache.getOrSet('key', () => 'x'.repeat(99))).toHaveLength(99)
    expect(await cache.has('key')).toBe(false)
    expect(await rejection(cache.set('key', 'x'.repeat(99)))).toMatchObject({ code: 'too-large', applied: 'no' })
    await cache.set('key', 'x'.repeat(98))
    expect(await cache.get('key')).toHaveLength(98)
  })

  test('rejects for a loaded value that cannot be encoded, and another caller may load', async () => {
    const cache = createCache(createMemoryStore())
    const error = await rejection(cache.getOrSet('key', () => 1n))
    expect(error).toMatchObject({ code: 'invalid-argument' })
    expect(isTransientError(error)).toBe(false)
    expect(await cache.getOrSet('key', () => 1)).toBe(1)
  })

  test('wraps a function: a value for each list of arguments, in a namespace of its own', async () => {
    const cache = createCache(createMemoryStore())
    const calls: unknown[][] = []
    const add = cache.cached(
      async function add(a: number, b: number) {
        calls.push([a, b])
        return a + b
      },
      { tags: (a) => [`of ${a}`], ttl: '1m' },
    )
    expect([await add(1, 2), await add(1, 2), await add(2, 1)]).toEqual([3, 3, 3])
    expect(calls).toEqual([
      [1, 2],
      [2, 1],
    ])
    expect(await add.delete(1, 2)).toBe(true)
    await add(1, 2)
    await cache.namespace('add').invalidateTag('of 1')
    await add(1, 2)
    await add.clear()
    await add(2, 1)
    expect(calls).toHaveLength(5)
    expect(caught(() => cache.cached(() => 1))).toMatchObject({ code: 'invalid-argument' })
    const named = cache.cached((id: string) => `user ${id}`, { name: 'user', key: (id) => id })
    expect(await named('7')).toBe('user 7')
    expect(await cache.namespace('user').get('7')).toBe('user 7')
  })

  test('takes a custom codec, and a schema: what does not fit any more is a miss, not a crash', async () => {
    const store = createMemoryStore()
    await createCache(store).setMany([
      ['good', { price: 1 }],
      ['bad', { price: '1' }],
    ])
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof (value as { price?: unknown } | undefined)?.price === 'number'
            ? { value: value as { price: number } }
            : { issues: [{ message: 'no' }] },
      },
    } as const
    const strict = createCache<Record<string, { price: number }>>(store, { schema })
    expect([...(await strict.getMany(['good', 'bad']))]).toEqual([['good', { price: 1 }]])
    expect(await strict.getOrSet('bad', () => ({ price: 2 }))).toEqual({ price: 2 })
    expect(await strict.get('bad')).toEqual({ price: 2 })
  })
})
