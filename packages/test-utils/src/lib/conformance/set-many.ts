import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { day, hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const setManyTests: TestGroup = {
  name: 'setMany',
  declare(it) {
    it('stores all entries and resolves with nothing', async ({ store }) => {
      const entries = ['a', 'b', 'c'].map((key) => ({ key, value: bytes(`value of ${key}`), ttl: minute }))
      assert.equal(await store.setMany(entries), undefined)
      for (const key of ['a', 'b', 'c']) assertBytes(await store.get(key), `value of ${key}`)
    })

    it('gives each entry its own expiry', async ({ store, assertLife }) => {
      await store.setMany([
        { key: 'a', value: bytes('1'), ttl: minute },
        { key: 'b', value: bytes('2'), ttl: Number.POSITIVE_INFINITY },
        { key: 'c', value: bytes('3'), ttl: day },
      ])
      await assertLife('a', minute)
      await assertLife('b', Number.POSITIVE_INFINITY)
      await assertLife('c', day)
    })

    it('replaces what was there, with a new expiry', async ({ store, assertLife }) => {
      await store.set('a', bytes('old'), hour)
      await store.setMany([{ key: 'a', value: bytes('new'), ttl: minute }])
      assertBytes(await store.get('a'), 'new')
      await assertLife('a', minute)
    })

    it('keeps the last entry of a repeated key', async ({ store, assertLife }) => {
      await store.setMany([
        { key: 'a', value: bytes('first'), ttl: hour },
        { key: 'b', value: bytes('between'), ttl: hour },
        { key: 'a', value: bytes('second'), ttl: day },
        { key: 'a', value: bytes('last'), ttl: minute },
      ])
      assertBytes(await store.get('a'), 'last')
      await assertLife('a', minute)
      assertBytes(await store.get('b'), 'between')
    })

    it('takes an empty batch', async ({ store }) => {
      assert.equal(await store.setMany([]), undefined)
    })

    it('takes a batch of 1000', async ({ store }) => {
      const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`)
      await store.setMany(keys.map((key) => ({ key, value: bytes(`value of ${key}`), ttl: minute })))
      const values = await store.getMany(keys)
      keys.forEach((key, index) => assertBytes(values[index], `value of ${key}`))
    })

    it('leaves other keys alone', async ({ store, assertLife }) => {
      await store.set('other', bytes('value'), hour)
      await store.setMany([{ key: 'a', value: bytes('1'), ttl: minute }])
      assertBytes(await store.get('other'), 'value')
      await assertLife('other', hour)
    })
  },
}
