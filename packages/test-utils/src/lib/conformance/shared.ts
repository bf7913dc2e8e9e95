import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { inspectable, listKeys } from './key-list.ts'
import { day, hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'
import { watch } from './watcher.ts'

export const sharedTests: TestGroup = {
  name: 'shared',
  declare(it, harness) {
    if (harness.atomicity !== 'shared') return

    it('what one client writes, another reads', async ({ store, peer, assertLife }) => {
      const other = await peer()
      await other.set('key', bytes('value'), hour)
      assertBytes(await store.get('key'), 'value')
      await assertLife('key', hour)
      await other.touch('key', day)
      await assertLife('key', day)
      assert.equal(await store.compareAndSet('key', bytes('value'), bytes('new'), minute), true)
      assertBytes(await other.get('key'), 'new')
      assert.equal(await other.compareAndSet('key', bytes('value'), bytes('stale'), minute), false)
      assertBytes(await other.take('key'), 'new')
      assertBytes(await store.get('key'), undefined)
      await store.increment('counter', 1, minute)
      assert.equal((await other.increment('counter', 1, minute)).value, 2)
    })

    it('closing one client leaves the data and the others', async ({ store, peer }) => {
      const other = await peer()
      await other.set('key', bytes('value'), minute)
      await other.close()
      assertBytes(await store.get('key'), 'value')
      assertBytes(await (await peer()).get('key'), 'value')
    })

    if (harness.inspectable) {
      it('what one client writes, another lists and flushes', async ({ store, peer }) => {
        const other = await peer()
        await other.set('key', bytes('value'), minute)
        assert.deepEqual(await listKeys(store), ['key'])
        await inspectable(store).flush()
        assertBytes(await other.get('key'), undefined)
      })
    }

    if (harness.watchable) {
      it('what one client writes, another is told of', async ({ store, peer }) => {
        const other = await peer()
        const watcher = await watch(store, 'k')
        await other.set('key', bytes('value'), minute)
        await watcher.told('key')
        watcher.clear()
        await other.delete('key')
        await watcher.told('key')
      })
    }
  },
}
