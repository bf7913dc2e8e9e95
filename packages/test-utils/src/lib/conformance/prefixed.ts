import assert from 'node:assert/strict'
import type { TransientStore } from '@transient/core/store'
import { assertBytes, bytes } from './bytes.ts'
import { inspectable, listKeys } from './key-list.ts'
import { minute } from './lifetimes.ts'
import type { StoreHarness } from './store-harness.ts'
import type { Subject } from './subject.ts'
import { watch } from './watcher.ts'

/** As a glob it would match half the world. */
export const hostilePrefix = 'p*?[]\\:'

/** Keys of others that a careless prefix would take for its own. */
const foreign: readonly string[] = [
  '',
  'key',
  'p',
  'p*',
  'p*?[]',
  'p*?[]\\',
  'p*?[]:',
  'p*?[]:key',
  'P*?[]\\:key',
  ' p*?[]\\:key',
  'p*?[]\\\\:key',
  'pX',
  'pXY[]\\:key',
  'pXYZ:key',
  'pkey',
  'p**?[]\\:key',
  'p*?\\:key',
  'p*?[]\\;key',
  'q*?[]\\:key',
]

type DeclarePrefixTest = (sentence: string, test: (subject: Subject, raw: TransientStore) => Promise<void>) => void

/** What only a part of a store can show: that it leaves the other parts alone. */
export function declarePrefixTests(it: DeclarePrefixTest, harness: StoreHarness): void {
  async function plant(raw: TransientStore): Promise<void> {
    await raw.setMany(foreign.map((key) => ({ key, value: bytes(`foreign ${key}`), ttl: minute })))
  }
  async function assertPlanted(raw: TransientStore): Promise<void> {
    const values = await raw.getMany(foreign)
    foreign.forEach((key, index) => assertBytes(values[index], `foreign ${key}`))
  }

  it('keeps its keys under the prefix, as they are', async ({ store }, raw) => {
    for (const key of ['', 'key', 'a\0b', '*', '😀']) {
      await store.set(key, bytes(`value of ${key}`), minute)
      assertBytes(await raw.get(`${hostilePrefix}${key}`), `value of ${key}`)
    }
  })

  it('writes nothing outside the prefix', async ({ store }, raw) => {
    await plant(raw)
    for (const key of foreign) {
      await store.set(key, bytes('own'), minute)
      await store.touch(key, minute)
      await store.compareAndSet(key, bytes('own'), bytes('1'), 'keep')
      await store.increment(key, 1, minute)
      assertBytes(await store.take(key), '2')
    }
    assert.equal(await store.delete(foreign), 0)
    await assertPlanted(raw)
  })

  it('sees nothing outside the prefix', async ({ store }, raw) => {
    await plant(raw)
    for (const value of await store.getMany(foreign)) assertBytes(value, undefined)
    for (const left of await store.ttl(foreign)) assert.equal(left, undefined)
  })

  if (harness.inspectable) {
    it('lists nothing outside the prefix', async ({ store }, raw) => {
      await plant(raw)
      assert.deepEqual(await listKeys(store), [])
      await store.set('key', bytes('own'), minute)
      assert.deepEqual(await listKeys(store), ['key'])
      assert.deepEqual(await listKeys(store, 'k'), ['key'])
    })

    it('flushes nothing outside the prefix', async ({ store }, raw) => {
      await plant(raw)
      const keys = Array.from({ length: 1500 }, (_, index) => `key ${index}`)
      await store.setMany(keys.map((key) => ({ key, value: bytes('own'), ttl: minute })))
      await inspectable(store).flush()
      assert.deepEqual(await listKeys(store), [])
      await assertPlanted(raw)
    })
  }

  if (harness.watchable) {
    it('is told of nothing outside the prefix', async ({ store }, raw) => {
      const watcher = await watch(store, '')
      await plant(raw)
      await store.set('own', bytes('own'), minute)
      await watcher.told('own')
      assert.deepEqual([...new Set(watcher.keys())], ['own'])
    })
  }
}
