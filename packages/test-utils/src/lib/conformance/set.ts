import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { day, hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const setTests: TestGroup = {
  name: 'set',
  declare(it) {
    it('stores the value and resolves with nothing', async ({ store }) => {
      assert.equal(await store.set('key', bytes('value'), minute), undefined)
      assertBytes(await store.get('key'), 'value')
    })

    it('replaces whatever was there', async ({ store }) => {
      await store.set('key', bytes('a longer value'), minute)
      await store.set('key', bytes('value'), minute)
      assertBytes(await store.get('key'), 'value')
      await store.increment('counter', 5, minute)
      await store.set('counter', bytes('value'), minute)
      assertBytes(await store.get('counter'), 'value')
    })

    it('gives the expiry', async ({ store, assertLife }) => {
      await store.set('key', bytes('value'), hour)
      await assertLife('key', hour)
    })

    it('gives a new expiry when it replaces, longer or shorter', async ({ store, assertLife }) => {
      await store.set('key', bytes('value'), hour)
      await store.set('key', bytes('value'), day)
      await assertLife('key', day)
      await store.set('key', bytes('value'), minute)
      await assertLife('key', minute)
    })

    it('takes an expiry of Infinity, and away from it again', async ({ store, assertLife }) => {
      await store.set('key', bytes('value'), hour)
      await store.set('key', bytes('value'), Number.POSITIVE_INFINITY)
      await assertLife('key', Number.POSITIVE_INFINITY)
      await store.set('key', bytes('value'), minute)
      await assertLife('key', minute)
    })

    it('leaves other keys alone', async ({ store, assertLife }) => {
      await store.set('a', bytes('value of a'), hour)
      await store.set('b', bytes('value of b'), minute)
      assertBytes(await store.get('a'), 'value of a')
      await assertLife('a', hour)
    })

    it('takes a plain Uint8Array and a Buffer alike', async ({ store }) => {
      await store.set('plain', new Uint8Array([1, 2, 3]), minute)
      await store.set('buffer', Buffer.from([1, 2, 3]), minute)
      for (const key of ['plain', 'buffer']) assertBytes(await store.get(key), new Uint8Array([1, 2, 3]))
    })
  },
}
