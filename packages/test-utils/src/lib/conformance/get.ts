import { assertBytes, bytes } from './bytes.ts'
import { day, hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const getTests: TestGroup = {
  name: 'get',
  declare(it) {
    it('answers undefined for an absent key', async ({ store }) => {
      await store.set('other', bytes('value'), minute)
      assertBytes(await store.get('key'), undefined)
    })

    it('answers what was set, as often as it is asked', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      for (let round = 0; round < 3; round += 1) assertBytes(await store.get('key'), 'value')
    })

    it('answers undefined after a delete', async ({ store }) => {
      await store.set('key', bytes('value'), minute)
      await store.delete('key')
      assertBytes(await store.get('key'), undefined)
    })

    it('leaves the expiry alone', async ({ store, elapse, assertLife }) => {
      await store.set('key', bytes('value'), hour)
      await elapse(50)
      assertBytes(await store.get('key'), 'value')
      assertBytes(await store.get('key', {}), 'value')
      await assertLife('key', hour - 50)
    })

    it('with touch, answers the value and gives the key that expiry, longer or shorter', async ({
      store,
      assertLife,
    }) => {
      await store.set('key', bytes('value'), hour)
      assertBytes(await store.get('key', { touch: day }), 'value')
      await assertLife('key', day)
      assertBytes(await store.get('key', { touch: minute }), 'value')
      await assertLife('key', minute)
    })

    it('with touch, takes an expiry of Infinity, and away from it again', async ({ store, assertLife }) => {
      await store.set('key', bytes('value'), hour)
      assertBytes(await store.get('key', { touch: Number.POSITIVE_INFINITY }), 'value')
      await assertLife('key', Number.POSITIVE_INFINITY)
      assertBytes(await store.get('key', { touch: minute }), 'value')
      await assertLife('key', minute)
    })

    it('with touch, answers undefined for an absent key and does not create it', async ({ store, assertLife }) => {
      assertBytes(await store.get('key', { touch: minute }), undefined)
      await assertLife('key', undefined)
      assertBytes(await store.get('key'), undefined)
    })

    it('with touch, leaves the value as it was', async ({ store }) => {
      await store.set('key', bytes('ÅÄÖ'), hour)
      await store.get('key', { touch: minute })
      assertBytes(await store.get('key'), 'ÅÄÖ')
    })
  },
}
