import { assertBytes, bytes } from './bytes.ts'
import { minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

export const aliasingTests: TestGroup = {
  name: 'aliasing',
  declare(it, harness) {
    it('a value may be changed as soon as set was called', async ({ store }) => {
      const value = bytes('value')
      const done = store.set('key', value, minute)
      value.fill(0)
      await done
      assertBytes(await store.get('key'), 'value')
    })

    it('a value may be changed after set', async ({ store }) => {
      const value = bytes('value')
      await store.set('key', value, minute)
      value.fill(0)
      assertBytes(await store.get('key'), 'value')
    })

    it('a value may be changed as soon as setMany was called', async ({ store }) => {
      const value = bytes('value')
      const done = store.setMany([{ key: 'key', value, ttl: minute }])
      value.fill(0)
      await done
      value.fill(1)
      assertBytes(await store.get('key'), 'value')
    })

    it('values may be changed as soon as compareAndSet was called', async ({ store }) => {
      await store.set('key', bytes('old'), minute)
      const expected = bytes('old')
      const next = bytes('new')
      const done = store.compareAndSet('key', expected, next, minute)
      expected.fill(0)
      next.fill(0)
      await done
      assertBytes(await store.get('key'), 'new')
      const created = bytes('created')
      await store.compareAndSet('created', null, created, minute)
      created.fill(0)
      assertBytes(await store.get('created'), 'created')
    })

    it('a large value may be changed as soon as set was called', async ({ store }) => {
      const size = Math.min(300_000, harness.maxValueBytes ?? Number.POSITIVE_INFINITY)
      const value = new Uint8Array(size).fill(7)
      const done = store.set('key', value, minute)
      value.fill(0)
      await done
      assertBytes(await store.get('key'), new Uint8Array(size).fill(7))
    })

    it('a value that was handed out does not change when the key does', async ({ store }) => {
      await store.set('key', bytes('one'), minute)
      const read = await store.get('key')
      const [many] = await store.getMany(['key'])
      await store.set('key', bytes('two'), minute)
      await store.compareAndSet('key', bytes('two'), bytes('3'), minute)
      await store.increment('key', 1, minute)
      await store.delete('key')
      assertBytes(read, 'one')
      assertBytes(many, 'one')
    })

    it('the lists that are handed in stay as they are', async ({ store }) => {
      const keys = Object.freeze(['b', 'a', 'b'])
      const entry = Object.freeze({ key: 'a', value: bytes('value'), ttl: minute })
      await store.setMany(Object.freeze([entry, entry]))
      await store.getMany(keys)
      await store.ttl(keys)
      await store.delete(keys)
    })
  },
}
