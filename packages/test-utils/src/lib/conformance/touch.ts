import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { day, hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const touchTests: TestGroup = {
  name: 'touch',
  declare(it) {
    it('gives a present key the expiry, longer or shorter', async ({ store, assertLife }) => {
      await store.set('key', bytes('value'), hour)
      assert.equal(await store.touch('key', day), true)
      await assertLife('key', day)
      assert.equal(await store.touch('key', minute), true)
      await assertLife('key', minute)
    })

    it('takes an expiry of Infinity, also for a key that has it, and away from it again', async ({
      store,
      assertLife,
    }) => {
      await store.set('key', bytes('value'), hour)
      assert.equal(await store.touch('key', Number.POSITIVE_INFINITY), true)
      assert.equal(await store.touch('key', Number.POSITIVE_INFINITY), true)
      await assertLife('key', Number.POSITIVE_INFINITY)
      assert.equal(await store.touch('key', minute), true)
      await assertLife('key', minute)
    })

    it('answers false for an absent key and does not create it', async ({ store, assertLife }) => {
      assert.equal(await store.touch('key', minute), false)
      assert.equal(await store.touch('key', Number.POSITIVE_INFINITY), false)
      assertBytes(await store.get('key'), undefined)
      await assertLife('key', undefined)
    })

    it('answers false after a delete', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      await store.delete('key')
      assert.equal(await store.touch('key', minute), false)
      assertBytes(await store.get('key'), undefined)
    })

    it('leaves the value as it was', async ({ store }) => {
      await store.set('key', bytes('ÅÄÖ'), hour)
      await store.touch('key', minute)
      assertBytes(await store.get('key'), 'ÅÄÖ')
    })

    it('leaves other keys alone', async ({ store, assertLife }) => {
      await store.set('other', bytes('value'), hour)
      await store.set('key', bytes('value'), hour)
      await store.touch('key', minute)
      await assertLife('other', hour)
    })
  },
}
