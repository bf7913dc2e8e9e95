import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const deleteTests: TestGroup = {
  name: 'delete',
  declare(it) {
    it('deletes one key and counts 1', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      assert.equal(await store.delete('key'), 1)
      assertBytes(await store.get('key'), undefined)
    })

    it('counts 0 for an absent key', async ({ store }) => {
      assert.equal(await store.delete('key'), 0)
      assert.equal(await store.delete(['key']), 0)
    })

    it('counts 0 the second time', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      await store.delete('key')
      assert.equal(await store.delete('key'), 0)
    })

    it('counts only the keys that were there', async ({ store }) => {
      await store.set('a', bytes('1'), minute)
      await store.set('c', bytes('3'), Number.POSITIVE_INFINITY)
      assert.equal(await store.delete(['a', 'b', 'c', 'd']), 2)
      for (const value of await store.getMany(['a', 'c'])) assertBytes(value, undefined)
    })

    it('counts a repeated key once', async ({ store }) => {
      await store.set('a', bytes('1'), minute)
      await store.set('b', bytes('2'), minute)
      assert.equal(await store.delete(['a', 'a', 'b', 'a', 'absent', 'absent']), 2)
    })

    it('takes an empty batch and counts 0', async ({ store }) => {
      assert.equal(await store.delete([]), 0)
    })

    it('takes a batch of 1000', async ({ store }) => {
      const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`)
      await store.setMany(keys.map((key) => ({ key, value: bytes(key), ttl: minute })))
      assert.equal(await store.delete(keys), 1000)
      for (const value of await store.getMany(keys)) assertBytes(value, undefined)
    })

    it('counts a key with an empty value', async ({ store }) => {
      await store.set('empty', new Uint8Array(0), minute)
      assert.equal(await store.delete('empty'), 1)
    })

    it('takes a string as one key, not as many', async ({ store }) => {
      for (const key of ['a', 'b', 'ab']) await store.set(key, bytes(key), minute)
      assert.equal(await store.delete('ab'), 1)
      assertBytes(await store.get('a'), 'a')
      assertBytes(await store.get('b'), 'b')
    })

    it('leaves other keys alone', async ({ store, assertLife }) => {
      await store.set('other', bytes('value'), hour)
      await store.set('key', bytes('value'), minute)
      await store.delete('key')
      assertBytes(await store.get('other'), 'value')
      await assertLife('other', hour)
    })
  },
}
