import assert from 'node:assert/strict'
import { isInspectable, isWatchable } from '@transient/core/store'
import { assertFails } from './rejections.ts'
import type { TestGroup } from './test-group.ts'

export const abilityTests: TestGroup = {
  name: 'abilities',
  declare(it, harness) {
    it('says how far it is atomic', async ({ store }) => {
      assert.equal(store.atomicity, harness.atomicity)
    })

    if (harness.inspectable) {
      it('is inspectable', async ({ store }) => {
        assert.ok(isInspectable(store))
      })
    } else {
      it('is not inspectable, not even by half', async ({ store }) => {
        assert.ok(!isInspectable(store))
        assert.ok(!('scan' in store) && !('flush' in store))
      })
    }

    if (harness.watchable) {
      it('is watchable', async ({ store }) => {
        assert.ok(isWatchable(store))
      })
    } else {
      it('is not watchable', async ({ store }) => {
        assert.ok(!isWatchable(store))
        assert.ok(!('watch' in store))
      })
    }

    it('is closed when it is disposed of', async ({ store }) => {
      await store[Symbol.asyncDispose]()
      await assertFails(() => store.get('key'), { code: 'closed' })
      await store[Symbol.asyncDispose]()
    })
  },
}
