import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const getManyTests: TestGroup = {
  name: 'getMany',
  declare(it) {
    it('answers in the order of the keys', async ({ store }) => {
      for (const key of ['a', 'b', 'c']) await store.set(key, bytes(`value of ${key}`), minute)
      const values = await store.getMany(['c', 'a', 'b'])
      assert.equal(values.length, 3)
      assertBytes(values[0], 'value of c')
      assertBytes(values[1], 'value of a')
      assertBytes(values[2], 'value of b')
    })

    it('answers undefined in the place of each absent key', async ({ store }) => {
      await store.set('b', bytes('value'), minute)
      const values = await store.getMany(['a', 'b', 'c'])
      assert.equal(values.length, 3)
      assertBytes(values[0], undefined)
      assertBytes(values[1], 'value')
      assertBytes(values[2], undefined)
    })

    it('answers a repeated key each time', async ({ store }) => {
      await store.set('a', bytes('value'), minute)
      const values = await store.getMany(['a', 'absent', 'a', 'a', 'absent'])
      assert.equal(values.length, 5)
      for (const index of [0, 2, 3]) assertBytes(values[index], 'value')
      for (const index of [1, 4]) assertBytes(values[index], undefined)
    })

    it('answers an empty batch with an empty one', async ({ store }) => {
      assert.deepEqual(await store.getMany([]), [])
    })

    it('answers a batch of one', async ({ store }) => {
      await store.set('a', bytes('value'), minute)
      const values = await store.getMany(['a'])
      assert.equal(values.length, 1)
      assertBytes(values[0], 'value')
    })

    it('answers a batch of 1000, present and absent ones', async ({ store }) => {
      const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`)
      const present = keys.filter((_, index) => index % 3 !== 0)
      await store.setMany(present.map((key) => ({ key, value: bytes(`value of ${key}`), ttl: minute })))
      const values = await store.getMany(keys)
      assert.equal(values.length, 1000)
      keys.forEach((key, index) => assertBytes(values[index], index % 3 === 0 ? undefined : `value of ${key}`))
    })

    it('leaves the expiry alone', async ({ store, elapse, assertLife }) => {
      await store.set('a', bytes('value'), hour)
      await elapse(50)
      await store.getMany(['a', 'a'])
      await assertLife('a', hour - 50)
    })
  },
}
