import assert from 'node:assert/strict'
import type { TransientStore } from '@transient/core/store'
import { assertBytes, bytes } from './bytes.ts'
import { inspectable } from './key-list.ts'
import { hour, minute } from './lifetimes.ts'
import { assertMisuse } from './rejections.ts'
import type { DeclareTest, TestGroup } from './test-group.ts'
import { watch, watchable } from './watcher.ts'

const old = bytes('old')
const next = bytes('new')

const writes: readonly [name: string, write: (store: TransientStore) => Promise<unknown>][] = [
  ['a set', (store) => store.set('key', next, minute)],
  ['a setMany', (store) => store.setMany([{ key: 'key', value: next, ttl: minute }])],
  ['a delete', (store) => store.delete('key')],
  ['a touch', (store) => store.touch('key', minute)],
  ['a get that touches', (store) => store.get('key', { touch: minute })],
  ['a take', (store) => store.take('key')],
  ['a compareAndSet that replaces', (store) => store.compareAndSet('key', old, next, minute)],
  ["a compareAndSet with 'keep'", (store) => store.compareAndSet('key', old, next, 'keep')],
  ['a compareAndSet that deletes', (store) => store.compareAndSet('key', old, null)],
]

export const watchTests: TestGroup = {
  name: 'watch',
  declare(it, harness) {
    if (!harness.watchable) return
    declareReports(it, harness.inspectable)
    declareWatchers(it)
  },
}

function declareReports(it: DeclareTest, withFlush: boolean): void {
  for (const [name, write] of writes) {
    it(`reports ${name}`, async ({ store }) => {
      await store.set('key', old, hour)
      const watcher = await watch(store, '')
      await write(store)
      await watcher.told('key')
    })
  }

  it('reports a compareAndSet that creates', async ({ store }) => {
    const watcher = await watch(store, '')
    await store.compareAndSet('key', null, next, minute)
    await watcher.told('key')
  })

  it('reports an increment, of a new counter and of an old one', async ({ store }) => {
    const watcher = await watch(store, '')
    await store.increment('key', 1, minute)
    await watcher.told('key')
    watcher.clear()
    await store.increment('key', 1, minute)
    await watcher.told('key')
  })

  it('reports every key of a batch', async ({ store }) => {
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
    const watcher = await watch(store, 'key')
    await store.setMany(keys.map((key) => ({ key, value: next, ttl: minute })))
    for (const key of keys) await watcher.told(key)
    watcher.clear()
    await store.delete(keys)
    for (const key of keys) await watcher.told(key)
  })

  if (withFlush) {
    it('reports a flush, key by key or as a gap', async ({ store }) => {
      await store.set('key', old, hour)
      const watcher = await watch(store, '')
      await inspectable(store).flush()
      await watcher.told('key')
    })
  }
}

function declareWatchers(it: DeclareTest): void {
  it('reports only keys that begin with the prefix, taken literally', async ({ store }) => {
    const watcher = await watch(store, 'a*?[')
    for (const key of ['a', 'aXYZ[', 'b', 'A*?[', ' a*?[']) await store.set(key, next, minute)
    await store.set('a*?[1', next, minute)
    await watcher.told('a*?[1')
    assert.deepEqual([...new Set(watcher.keys())], ['a*?[1'])
  })

  it('reports nothing that was done before it', async ({ store }) => {
    await store.set('before', next, minute)
    const watcher = await watch(store, '')
    await store.set('after', next, minute)
    await watcher.told('after')
    assert.deepEqual([...new Set(watcher.keys())], ['after'])
  })

  it('reports nothing after it was disposed of, and can be disposed of twice', async ({ store }) => {
    const ended = await watch(store, '')
    const witness = await watch(store, '')
    await ended.stop()
    await ended.stop()
    await store.set('key', next, minute)
    await witness.told('key')
    assert.deepEqual(ended.changes(), [])
  })

  it('tells each of several watchers, also when their prefixes overlap', async ({ store }) => {
    const watchers = [
      await watch(store, ''),
      await watch(store, 'k'),
      await watch(store, 'key'),
      await watch(store, 'key'),
    ]
    await store.set('key', next, minute)
    for (const watcher of watchers) await watcher.told('key')
  })

  it('keeps the other watchers when one is disposed of', async ({ store }) => {
    const ended = await watch(store, 'key')
    const stays = await watch(store, 'key')
    await ended.stop()
    await store.set('key', next, minute)
    await stays.told('key')
  })

  it('is not disturbed by a listener that throws', async ({ store }) => {
    await watchable(store).watch('', () => {
      throw new Error('a listener that throws')
    })
    const watcher = await watch(store, '')
    await store.set('key', next, minute)
    assertBytes(await store.get('key'), next)
    await watcher.told('key')
    watcher.clear()
    await store.delete('key')
    await watcher.told('key')
  })

  it('reports keys as they are', async ({ store }) => {
    const keys = ['', '\0', 'a\nb', '😀', 'ÅÄÖ', '__proto__', '*?[\\']
    const watcher = await watch(store, '')
    for (const key of keys) {
      await store.set(key, next, minute)
      await watcher.told(key)
    }
  })

  it('rejects a prefix that is no key, and a listener that is no function', async ({ store }) => {
    const listener = () => {}
    for (const prefix of ['\ud800', 1, undefined]) {
      await assertMisuse(() => watchable(store).watch(prefix as string, listener), 'TypeError')
    }
    await assertMisuse(() => watchable(store).watch('', undefined as unknown as typeof listener), 'TypeError')
  })
}
