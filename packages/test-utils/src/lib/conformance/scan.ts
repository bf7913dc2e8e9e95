import assert from 'node:assert/strict'
import type { TransientStore } from '@transient/core/store'
import { bytes } from './bytes.ts'
import { inspectable, listKeys } from './key-list.ts'
import { afterBrief, brief, minute } from './lifetimes.ts'
import { assertMisuse } from './rejections.ts'
import type { TestGroup } from './test-group.ts'

const many = Array.from({ length: 1000 }, (_, index) => `key ${String(index).padStart(4, '0')}`)

async function fill(store: TransientStore, keys: readonly string[]): Promise<void> {
  await store.setMany(keys.map((key) => ({ key, value: bytes(key), ttl: minute })))
}

export const scanTests: TestGroup = {
  name: 'scan',
  declare(it, harness) {
    if (!harness.inspectable) return

    it('lists nothing of an empty store', async ({ store }) => {
      assert.deepEqual(await listKeys(store), [])
    })

    it('lists all keys for an empty prefix', async ({ store }) => {
      await fill(store, ['a', 'b', 'c', ''])
      assert.deepEqual(await listKeys(store), ['', 'a', 'b', 'c'])
    })

    it('lists the keys that begin with the prefix, the prefix itself included', async ({ store }) => {
      await fill(store, ['user:1', 'user:2', 'user:', 'user', 'users', 'a user:', 'USER:1'])
      assert.deepEqual(await listKeys(store, 'user:'), ['user:', 'user:1', 'user:2'])
      assert.deepEqual(await listKeys(store, 'nobody'), [])
    })

    it('takes the prefix literally, glob characters included', async ({ store }) => {
      const prefixes = [
        'a*',
        'a?',
        'a[b]',
        'a[^b]',
        'a\\',
        'a\\*',
        '[a-z]',
        '*',
        '?',
        '\\',
        '[',
        ']',
        '^',
        '-',
        '\n',
        '\0',
      ]
      const others = ['a', 'ab', 'aX', 'a\\X', 'a^', 'b', 'X', 'z', '']
      const keys = [...prefixes.flatMap((prefix) => [prefix, `${prefix}1`]), ...others]
      await fill(store, keys)
      for (const prefix of prefixes) {
        const expected = keys.filter((key) => key.startsWith(prefix)).sort()
        assert.deepEqual(await listKeys(store, prefix), expected, JSON.stringify(prefix))
      }
    })

    it('lists 1000 keys', async ({ store }) => {
      await fill(store, many)
      assert.deepEqual(await listKeys(store), many)
      assert.deepEqual(await listKeys(store, 'key 09'), many.slice(900))
    })

    it('gives batches of keys', async ({ store }) => {
      await fill(store, ['a', 'b'])
      for await (const batch of inspectable(store).scan('')) {
        assert.ok(Array.isArray(batch))
        for (const key of batch) assert.equal(typeof key, 'string')
      }
    })

    it('lists each key that is there from beginning to end, though others come and go', async ({ store }) => {
      const going = Array.from({ length: 500 }, (_, index) => `going ${index}`)
      await fill(store, [...going.slice(0, 250), ...many, ...going.slice(250)])
      const seen = new Set<string>()
      let round = 0
      for await (const batch of inspectable(store).scan('')) {
        for (const key of batch) seen.add(key)
        await store.delete(going.splice(0, 50))
        await fill(store, [`coming ${round}`, `coming too ${round}`])
        await store.touch('key 0000', minute)
        round += 1
      }
      assert.deepEqual([...seen].filter((key) => key.startsWith('key ')).sort(), many)
    })

    it('lets a loop delete what it lists, and nothing stays behind', async ({ store }) => {
      await fill(store, many)
      for await (const batch of inspectable(store).scan('')) await store.delete(batch)
      assert.deepEqual(await listKeys(store), [])
    })

    it('does not list deleted or expired keys', async ({ store, elapse }) => {
      await fill(store, ['stays', 'goes', 'expires'])
      await store.delete('goes')
      await store.set('expires', bytes('value'), brief)
      await elapse(afterBrief)
      assert.deepEqual(await listKeys(store), ['stays'])
    })

    it('can be left early, and begun again', async ({ store }) => {
      await fill(store, many)
      for await (const batch of inspectable(store).scan('')) if (batch.length > 0) break
      assert.deepEqual(await listKeys(store), many)
    })

    it('runs several times at once', async ({ store }) => {
      await fill(store, many)
      const [one, two] = await Promise.all([listKeys(store), listKeys(store, 'key 0')])
      assert.deepEqual(one, many)
      assert.deepEqual(two, many)
    })

    it('rejects a prefix that is no key', async ({ store }) => {
      for (const prefix of ['\ud800', 1, undefined, null]) {
        const scan = async () =>
          inspectable(store)
            .scan(prefix as string)
            [Symbol.asyncIterator]()
            .next()
        await assertMisuse(scan, 'TypeError')
      }
    })
  },
}
