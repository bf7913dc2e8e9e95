import {
  type InspectableStore,
  isInspectable,
  isWatchable,
  type TransientStore,
  utf8,
  type WatchableStore,
  withDeadline,
  withPrefix,
} from '@transient/core'
import { type AbilityOverrides, decorateStore, innerStore } from '@transient/core/store'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, expectTypeOf, test } from 'vitest'

const { scan, flush, watch, ...plain } = createMemoryStore()
const abilities: AbilityOverrides = {
  scan,
  flush: async () => {},
  watch,
}

const stores = {
  'no ability': plain,
  'scan and flush': { ...plain, scan, flush },
  watch: { ...plain, watch },
  'scan without flush': { ...plain, scan },
  'all of them': { ...plain, scan, flush, watch },
}

const decorators = {
  decorateStore: (store: TransientStore) => decorateStore(store, plain, abilities),
  withPrefix: (store: TransientStore) => withPrefix(store, 'p:'),
  withDeadline: (store: TransientStore) => withDeadline(store, 100),
  'both, nested': (store: TransientStore) => withDeadline(withPrefix(store, 'p:'), 100),
}

describe.each(Object.entries(decorators))('%s', (_, decorate) => {
  test.each(Object.entries(stores))('a store with %s has exactly that when it is decorated', (_, store) => {
    const decorated = decorate(store)
    expect(isInspectable(decorated)).toBe(isInspectable(store))
    expect(isWatchable(decorated)).toBe(isWatchable(store))
    expect('scan' in decorated).toBe(isInspectable(store))
    expect('flush' in decorated).toBe(isInspectable(store))
    expect('watch' in decorated).toBe(isWatchable(store))
  })

  test('finds abilities that are methods of a class', () => {
    class ClassStore {
      atomicity = 'shared' as const
      scan() {}
      flush() {}
      watch() {}
    }
    const decorated = decorate(new ClassStore() as unknown as TransientStore)
    expect(isInspectable(decorated) && isWatchable(decorated)).toBe(true)
    expect(decorated.atomicity).toBe('shared')
  })
})

describe('innerStore', () => {
  test('leads through decorators to the store they wrap, and stays out of sight', () => {
    const store = createMemoryStore()
    const middle = withPrefix(store, 'p:')
    const outer = withDeadline(middle, 100)
    expect(innerStore(outer)).toBe(middle)
    expect(innerStore(middle)).toBe(store)
    expect(innerStore(store)).toBeUndefined()
    expect(Object.keys(outer)).toEqual(expect.not.arrayContaining(['transient.inner']))
    expect(Object.getOwnPropertySymbols({ ...outer })).not.toContain(Symbol.for('transient.inner'))
  })
})

test('a decorated store closes the one it wraps, by both names', async () => {
  const closed: string[] = []
  const store = { ...plain, close: async () => void closed.push('closed') }
  const decorated = decorateStore(store, store, abilities)
  await decorated.close()
  await decorated[Symbol.asyncDispose]()
  expect(closed).toEqual(['closed', 'closed'])
  expect(await decorated.get('absent')).toBeUndefined()
  await decorated.set('k', utf8.encode('v'), 1000)
})

test("the type of a decorated store has the abilities of the store, and not what is the adapter's own", () => {
  const memory = withPrefix(createMemoryStore(), 'a:')
  expectTypeOf(memory).toExtend<InspectableStore & WatchableStore>()
  expectTypeOf(memory).not.toHaveProperty('usage')
  expect('usage' in memory).toBe(false)
  const plainStore: TransientStore = createMemoryStore()
  expectTypeOf(withPrefix(plainStore, 'a:')).not.toExtend<InspectableStore>()
})
