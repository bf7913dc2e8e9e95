import assert from 'node:assert/strict'
import { bytes } from './bytes.ts'
import { minute } from './lifetimes.ts'
import { assertFails, assertMisuse } from './rejections.ts'
import type { TestGroup } from './test-group.ts'
import { everyAbility, everyEmptyBatch, everyVerb } from './verbs.ts'

export const closeTests: TestGroup = {
  name: 'close',
  declare(it) {
    it('resolves, also when it is repeated', async ({ store }) => {
      assert.equal(await store.close(), undefined)
      assert.equal(await store.close(), undefined)
    })

    it('resolves for concurrent calls', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()])
    })

    it('makes every verb reject with closed', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      await store.close()
      for (const { operation, key, call } of everyVerb(store)) {
        await assertFails(call, { code: 'closed', operation, ...(key === undefined ? {} : { key }) })
      }
    })

    it('makes every write say that it was not applied', async ({ store }) => {
      await store.close()
      for (const { writes, call } of everyVerb(store)) {
        await assertFails(call, { code: 'closed', applied: writes ? 'no' : 'absent' })
      }
    })

    it('makes empty batches reject with closed', async ({ store }) => {
      await store.close()
      for (const { operation, call } of everyEmptyBatch(store)) await assertFails(call, { code: 'closed', operation })
    })

    it('makes every ability reject with closed', async ({ store }) => {
      await store.close()
      for (const { call } of everyAbility(store)) await assertFails(call, { code: 'closed' })
    })

    it('leaves misuse what it is', async ({ store }) => {
      await store.close()
      await assertMisuse(() => store.get(1 as unknown as string), 'TypeError')
      await assertMisuse(() => store.set('key', bytes('value'), 0), 'RangeError')
      await assertMisuse(() => store.increment('key', 0.5, minute), 'RangeError')
    })
  },
}
