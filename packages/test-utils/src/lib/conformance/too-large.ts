import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { hour, minute } from './lifetimes.ts'
import { assertFails } from './rejections.ts'
import type { TestGroup } from './test-group.ts'

export const tooLargeTests: TestGroup = {
  name: 'too large',
  declare(it, harness) {
    const { maxValueBytes } = harness
    if (maxValueBytes === undefined) return
    const fits = () => new Uint8Array(maxValueBytes).fill(1)
    const over = () => new Uint8Array(maxValueBytes + 1).fill(1)
    const refused = { code: 'too-large', applied: 'no' } as const

    it('a value of exactly the limit is stored', async ({ store }) => {
      await store.set('key', fits(), minute)
      assertBytes(await store.get('key'), fits())
      assert.equal(await store.compareAndSet('key', fits(), bytes('small'), minute), true)
      assert.equal(await store.compareAndSet('key', bytes('small'), fits(), 'keep'), true)
      assertBytes(await store.get('key'), fits())
    })

    it('set rejects, and the old value and its expiry stay', async ({ store, assertLife }) => {
      await store.set('key', bytes('old'), hour)
      await assertFails(() => store.set('key', over(), minute), { ...refused, operation: 'set', key: 'key' })
      assertBytes(await store.get('key'), 'old')
      await assertLife('key', hour)
    })

    it('setMany rejects, and the old value stays', async ({ store, assertLife }) => {
      await store.set('key', bytes('old'), hour)
      const entries = [{ key: 'key', value: over(), ttl: minute }]
      await assertFails(() => store.setMany(entries), { ...refused, operation: 'setMany' })
      assertBytes(await store.get('key'), 'old')
      await assertLife('key', hour)
    })

    it('compareAndSet rejects, and the old value stays', async ({ store, assertLife }) => {
      await store.set('key', bytes('old'), hour)
      const told = { ...refused, operation: 'compareAndSet', key: 'key' }
      await assertFails(() => store.compareAndSet('key', bytes('old'), over(), minute), told)
      await assertFails(() => store.compareAndSet('key', bytes('old'), over(), 'keep'), told)
      assertBytes(await store.get('key'), 'old')
      await assertLife('key', hour)
    })

    it('an absent key stays absent', async ({ store }) => {
      await assertFails(() => store.set('key', over(), minute), refused)
      await assertFails(() => store.compareAndSet('key', null, over(), minute), refused)
      assertBytes(await store.get('key'), undefined)
    })
  },
}
