import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const takeTests: TestGroup = {
  name: 'take',
  declare(it) {
    it('returns what the key held and deletes it', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      assertBytes(await store.take('key'), 'value')
      assertBytes(await store.get('key'), undefined)
      assert.equal(await store.delete('key'), 0)
    })

    it('returns undefined for an absent key', async ({ store }) => {
      assertBytes(await store.take('key'), undefined)
    })

    it('returns undefined the second time', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      await store.take('key')
      assertBytes(await store.take('key'), undefined)
    })

    it('returns an empty value as a value', async ({ store }) => {
      await store.set('key', new Uint8Array(0), minute)
      assertBytes(await store.take('key'), '')
      assertBytes(await store.take('key'), undefined)
    })

    it('takes a key without expiry, and a counter', async ({ store }) => {
      await store.set('key', bytes('value'), Number.POSITIVE_INFINITY)
      await store.increment('counter', 7, minute)
      assertBytes(await store.take('key'), 'value')
      assertBytes(await store.take('counter'), '7')
    })

    it('leaves other keys alone', async ({ store, assertLife }) => {
      await store.set('other', bytes('value'), hour)
      await store.set('key', bytes('value'), minute)
      await store.take('key')
      assertBytes(await store.get('other'), 'value')
      await assertLife('other', hour)
    })
  },
}
