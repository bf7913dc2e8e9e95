import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { inspectable, listKeys } from './key-list.ts'
import { hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const flushTests: TestGroup = {
  name: 'flush',
  declare(it, harness) {
    if (!harness.inspectable) return

    it('removes every key', async ({ store }) => {
      const keys = Array.from({ length: 3000 }, (_, index) => `key ${index}`)
      await store.setMany(keys.map((key) => ({ key, value: bytes(key), ttl: minute })))
      await store.set('for ever', bytes('value'), Number.POSITIVE_INFINITY)
      await store.increment('counter', 1, minute)
      assert.equal(await inspectable(store).flush(), undefined)
      assert.deepEqual(await listKeys(store), [])
      assert.equal(await store.delete([...keys, 'for ever', 'counter']), 0)
    })

    it('takes an empty store', async ({ store }) => {
      await inspectable(store).flush()
      await inspectable(store).flush()
      assert.deepEqual(await listKeys(store), [])
    })

    it('leaves a store that can be used', async ({ store, assertLife }) => {
      await store.set('key', bytes('old'), minute)
      await inspectable(store).flush()
      assert.equal(await store.compareAndSet('key', null, bytes('new'), hour), true)
      assertBytes(await store.get('key'), 'new')
      await assertLife('key', hour)
      assert.equal((await store.increment('counter', 1, minute)).value, 1)
    })
  },
}
