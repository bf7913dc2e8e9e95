import { type StoreChange } from '@transient/core/store'
import { createMemoryStore } from '@transient/memory'
import { describe, expect, test } from 'vitest'
import { handClock } from './hand-clock.ts'
import { recordedWatch } from './recorded-watch.ts'
import { bytes, text } from './utf8-text.ts'

const forever = Number.POSITIVE_INFINITY

describe('watch', () => {
  test('reports each verb that changes something, before its promise resolves', async () => {
    const store = createMemoryStore()
    const { changes } = await recordedWatch(store, 'k')
    const verbs: (() => Promise<unknown>)[] = [
      () => store.set('k', bytes('1'), forever),
      () => store.increment('k', 1, forever),
      () => store.touch('k', 50000),
      () => store.get('k', { touch: 60000 }),
      () => store.compareAndSet('k', bytes('2'), bytes('3'), 'keep'),
      () => store.compareAndSet('k', bytes('3'), null),
      () => store.compareAndSet('k', null, bytes('4'), 50000),
      () => store.take('k'),
      () => store.setMany([{ key: 'k', value: bytes('5'), ttl: 50000 }]),
      () => store.delete('k'),
    ]
    for (const verb of verbs) {
      await verb()
      expect(changes.splice(0)).toEqual([{ type: 'changed', keys: ['k'] }])
    }
    await store.flush()
    expect(changes.splice(0)).toEqual([{ type: 'gap' }])
  })

  test('reports nothing for a read, or for a write that found nothing to change', async () => {
    const store = createMemoryStore({ maxValueBytes: 10 })
    await store.set('k', bytes('text'), forever)
    const { changes } = await recordedWatch(store, '')
    await store.get('k')
    await store.getMany(['k'])
    await store.ttl(['k'])
    await store.get('absent', { touch: 5 })
    await store.touch('absent', 5)
    await store.take('absent')
    await store.delete(['absent'])
    await store.setMany([])
    await store.compareAndSet('k', bytes('other'), bytes('x'), 5)
    await expect(store.increment('k', 1, 5)).rejects.toMatchObject({ code: 'not-a-counter' })
    await expect(store.set('k', new Uint8Array(11), 5)).rejects.toMatchObject({ code: 'too-large' })
    expect(changes).toEqual([])
  })

  test('reports what a limit pushed out, with what pushed it', async () => {
    const store = createMemoryStore({ maxEntries: 2, maxBytes: 4000 })
    for (const key of ['a', 'b']) await store.set(key, new Uint8Array(500), forever)
    const { changes } = await recordedWatch(store, '')
    const onlyA = await recordedWatch(store, 'a')
    await store.set('c', new Uint8Array(500), forever)
    await store.set('d', new Uint8Array(3400), forever)
    await store.setMany(['e', 'f', 'g'].map((key) => ({ key, value: new Uint8Array(1), ttl: 5 })))
    expect(changes).toEqual([
      { type: 'changed', keys: ['c', 'a'] },
      { type: 'changed', keys: ['d', 'b', 'c'] },
      { type: 'changed', keys: ['e', 'f', 'g', 'd', 'e'] },
    ])
    expect(onlyA.changes).toEqual([{ type: 'changed', keys: ['a'] }])
  })

  test('does not tell a later watcher of what was pushed out earlier', async () => {
    const store = createMemoryStore({ maxEntries: 1 })
    await store.set('a', bytes('1'), forever)
    await store.set('b', bytes('1'), forever)
    const { changes } = await recordedWatch(store, '')
    await store.touch('b', 50_000)
    expect(changes).toEqual([{ type: 'changed', keys: ['b'] }])
  })

  test('does not report expiry', async () => {
    const clock = handClock()
    const store = createMemoryStore({ now: clock.now })
    await store.set('k', bytes('v'), 10)
    const { changes } = await recordedWatch(store, '')
    clock.advance(10)
    await store.get('k')
    expect(changes).toEqual([])
  })

  test('tells each of overlapping watchers its own keys, once for a batch', async () => {
    const store = createMemoryStore()
    const watched = new Map<string, StoreChange[]>()
    for (const prefix of ['', 'user:', 'user:1', 'user:1', 'user:12', 'other', '*'])
      watched.set(`${prefix}#${watched.size}`, (await recordedWatch(store, prefix)).changes)
    const keys = ['user:1', 'user:12', 'user:2', 'use', 'other*']
    await store.setMany(keys.map((key) => ({ key, value: bytes('v'), ttl: forever })))
    expect(Object.fromEntries(watched)).toEqual({
      '#0': [{ type: 'changed', keys }],
      'user:#1': [{ type: 'changed', keys: ['user:1', 'user:12', 'user:2'] }],
      'user:1#2': [{ type: 'changed', keys: ['user:1', 'user:12'] }],
      'user:1#3': [{ type: 'changed', keys: ['user:1', 'user:12'] }],
      'user:12#4': [{ type: 'changed', keys: ['user:12'] }],
      'other#5': [{ type: 'changed', keys: ['other*'] }],
      '*#6': [],
    })
  })

  test('is not disturbed by a listener that throws: the process is warned once', async () => {
    const store = createMemoryStore()
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    await store.watch('', () => {
      throw new Error('a fault of the listener')
    })
    const { changes } = await recordedWatch(store, '')
    await store.set('a', bytes('1'), forever)
    await store.set('b', bytes('1'), forever)
    await store.flush()
    expect(changes).toHaveLength(3)
    // Node emits a warning in the next tick.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings.map(({ name, message }) => [name, message.includes('a fault of the listener')])).toEqual([
      ['TransientWarning', true],
    ])
  })

  test('gives each listener a list of its own', async () => {
    const store = createMemoryStore()
    await store.watch('', (change) => {
      if (change.type === 'changed') (change.keys as string[]).length = 0
    })
    const { changes } = await recordedWatch(store, '')
    await store.set('k', bytes('v'), forever)
    expect(changes).toEqual([{ type: 'changed', keys: ['k'] }])
  })

  test('ends when its handle is disposed, also twice, also by a listener, also for one told in the same round', async () => {
    const store = createMemoryStore()
    const second: { watch?: AsyncDisposable } = {}
    await store.watch('', () => void second.watch?.[Symbol.asyncDispose]())
    const { changes, watch } = await recordedWatch(store, '')
    second.watch = watch
    const third = await recordedWatch(store, '')
    await store.set('k', bytes('v'), forever)
    expect(changes).toEqual([])
    expect(third.changes).toHaveLength(1)
    await watch[Symbol.asyncDispose]()
    await third.watch[Symbol.asyncDispose]()
    await third.watch[Symbol.asyncDispose]()
    await store.set('k', bytes('w'), forever)
    expect(third.changes).toHaveLength(1)
  })

  test('lets a listener use the store', async () => {
    const store = createMemoryStore()
    let mirrored: Promise<void> | undefined
    await store.watch('source', () => {
      mirrored = store.set('mirror', bytes('seen'), forever)
    })
    const { changes } = await recordedWatch(store, '')
    await store.set('source', bytes('v'), forever)
    await mirrored
    expect(text(await store.get('mirror'))).toBe('seen')
    expect(changes.flatMap((change) => (change.type === 'changed' ? change.keys : [])).sort()).toEqual([
      'mirror',
      'source',
    ])
  })

  test('is refused on a closed store, and ends with the store', async () => {
    const store = createMemoryStore()
    const { changes, watch } = await recordedWatch(store, '')
    await store.close()
    await expect(store.watch('', () => undefined)).rejects.toMatchObject({ code: 'closed', operation: 'watch' })
    await watch[Symbol.asyncDispose]()
    expect(changes).toEqual([])
  })
})
