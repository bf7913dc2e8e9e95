import assert from 'node:assert/strict'
import { bytes } from './bytes.ts'
import { hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const ttlTests: TestGroup = {
  name: 'ttl',
  declare(it) {
    it('tells what is left of a life', async ({ store, elapse, assertLife }) => {
      await store.set('key', bytes('value'), hour)
      await assertLife('key', hour)
      await elapse(50)
      await assertLife('key', hour - 50)
    })

    it('tells Infinity for a key without expiry', async ({ store }) => {
      await store.set('key', bytes('value'), Number.POSITIVE_INFINITY)
      assert.deepEqual(await store.ttl(['key']), [Number.POSITIVE_INFINITY])
    })

    it('tells undefined for an absent key', async ({ store }) => {
      assert.deepEqual(await store.ttl(['key']), [undefined])
    })

    it('answers in the order of the keys, a repeated one each time', async ({ store }) => {
      await store.set('a', bytes('1'), minute)
      await store.set('b', bytes('2'), Number.POSITIVE_INFINITY)
      await store.set('c', bytes('3'), hour)
      const [c, absent, b, a, again] = await store.ttl(['c', 'absent', 'b', 'a', 'c'])
      assert.ok(c !== undefined && c > minute && c <= hour)
      assert.equal(absent, undefined)
      assert.equal(b, Number.POSITIVE_INFINITY)
      assert.ok(a !== undefined && a <= minute)
      assert.ok(again !== undefined && again > minute && again <= hour)
    })

    it('answers an empty batch with an empty one', async ({ store }) => {
      assert.deepEqual(await store.ttl([]), [])
    })

    it('answers a batch of 1000', async ({ store }) => {
      const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`)
      const ttl = Number.POSITIVE_INFINITY
      await store.setMany(keys.filter((_, index) => index % 2 === 0).map((key) => ({ key, value: bytes(key), ttl })))
      assert.deepEqual(
        await store.ttl(keys),
        keys.map((_, index) => (index % 2 === 0 ? ttl : undefined)),
      )
    })

    it('does not prolong a life', async ({ store, elapse, assertLife }) => {
      await store.set('key', bytes('value'), hour)
      await elapse(50)
      await store.ttl(['key'])
      await assertLife('key', hour - 50)
    })

    it('answers whole milliseconds', async ({ store }) => {
      await store.set('key', bytes('value'), hour)
      const [left] = await store.ttl(['key'])
      assert.ok(Number.isInteger(left), `${left} is whole`)
    })
  },
}
