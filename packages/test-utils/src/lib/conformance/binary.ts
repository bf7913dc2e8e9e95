import assert from 'node:assert/strict'
import type { TransientStore } from '@transient/core/store'
import { assertBytes, bytes } from './bytes.ts'
import { minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

const all = Uint8Array.from({ length: 256 }, (_, index) => index)

/** Every byte after every byte: no sequence of two has a meaning. */
function allPairs(): Uint8Array {
  const pairs = new Uint8Array(2 * 65_536)
  for (let index = 0; index < 65_536; index += 1) pairs.set([index >> 8, index & 255], 2 * index)
  return pairs
}

const values: readonly [name: string, value: Uint8Array][] = [
  ['the text ÅÄÖ', bytes('ÅÄÖ')],
  ['an empty value', new Uint8Array(0)],
  ['all 256 byte values', all],
  ['all pairs of bytes', allPairs()],
  ['one byte of zero', new Uint8Array(1)],
  ['malformed UTF-8', new Uint8Array([0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80, 0xf0, 0x9f])],
  ['a byte order mark', new Uint8Array([0xef, 0xbb, 0xbf, 0x61])],
  ['text that looks like a reply', bytes('$-1\r\n+OK\r\n')],
  ['text that looks like a list of bytes', bytes('1,2,3')],
]

async function assertRoundTrip(store: TransientStore, value: Uint8Array): Promise<void> {
  await store.set('set', value, minute)
  await store.setMany([{ key: 'setMany', value, ttl: minute }])
  assert.equal(await store.compareAndSet('create', null, value, minute), true)
  await store.set('replace', bytes('old'), minute)
  assert.equal(await store.compareAndSet('replace', bytes('old'), value, minute), true)
  await store.set('keep', bytes('old'), minute)
  assert.equal(await store.compareAndSet('keep', bytes('old'), value, 'keep'), true)
  const keys = ['set', 'setMany', 'create', 'replace', 'keep']
  for (const key of keys) assertBytes(await store.get(key), value)
  for (const key of keys) assertBytes(await store.get(key, { touch: minute }), value)
  for (const read of await store.getMany(keys)) assertBytes(read, value)
  assertBytes(await store.take('set'), value)
  assert.equal(await store.compareAndSet('create', value, bytes('next'), minute), true)
  assert.equal(await store.compareAndSet('keep', value, bytes('next'), 'keep'), true)
  assert.equal(await store.compareAndSet('replace', value, null), true)
}

export const binaryTests: TestGroup = {
  name: 'binary',
  declare(it, harness) {
    for (const [name, value] of values) {
      it(`${name} comes back from every verb as it went in`, async ({ store }) => {
        await assertRoundTrip(store, value)
      })
    }

    it('an empty value is not a miss', async ({ store, assertLife }) => {
      await store.set('empty', new Uint8Array(0), minute)
      const [value, absent] = await store.getMany(['empty', 'absent'])
      assertBytes(value, '')
      assertBytes(absent, undefined)
      await assertLife('empty', minute)
      assert.equal(await store.touch('empty', minute), true)
    })

    it('a value of 5 MB, or as large as the store takes, comes back as it went in', async ({ store }) => {
      const size = Math.min(5 * 1024 * 1024, harness.maxValueBytes ?? Number.POSITIVE_INFINITY)
      const large = new Uint8Array(size)
      for (let index = 0; index < size; index += 1) large[index] = (index * 31 + (index >> 8)) & 255
      await store.set('large', large, minute)
      assertBytes(await store.get('large'), large)
      const changed = large.slice()
      changed[size - 1] = (changed[size - 1] as number) ^ 1
      assert.equal(await store.compareAndSet('large', changed, bytes('new'), minute), false)
      assert.equal(await store.compareAndSet('large', large, changed, minute), true)
      assertBytes(await store.take('large'), changed)
    })

    it('a part of a larger buffer is stored as that part', async ({ store }) => {
      const part = all.subarray(100, 200)
      await store.set('part', part, minute)
      assertBytes(await store.get('part'), all.slice(100, 200))
      assert.equal(await store.compareAndSet('part', all.subarray(100, 200), all.subarray(7, 9), minute), true)
      assertBytes(await store.get('part'), new Uint8Array([7, 8]))
    })
  },
}
