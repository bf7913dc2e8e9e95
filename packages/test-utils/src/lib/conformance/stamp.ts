import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { hour, minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

const stamp = 4

export const stampTests: TestGroup = {
  name: 'compareAndSet with a stamp',
  declare(it) {
    it('replaces a value that begins with the stamp, whatever follows it', async ({ store, assertLife }) => {
      await store.set('key', bytes('AAAA and what is stored'), hour)
      assert.equal(await store.compareAndSet('key', bytes('AAAA'), bytes('BBBB new'), minute, { stamp }), true)
      assertBytes(await store.get('key'), 'BBBB new')
      await assertLife('key', minute)
      assert.equal(await store.compareAndSet('key', bytes('BBBB something else'), bytes('CCCC'), hour, { stamp }), true)
      assertBytes(await store.get('key'), 'CCCC')
    })

    it('does not replace a value with another stamp, though all the rest is equal', async ({ store, assertLife }) => {
      await store.set('key', bytes('AAAB the rest'), hour)
      for (const other of ['AAAA the rest', 'BAAB the rest', 'AABB the rest']) {
        assert.equal(await store.compareAndSet('key', bytes(other), bytes('CCCC'), minute, { stamp }), false, other)
      }
      assertBytes(await store.get('key'), 'AAAB the rest')
      await assertLife('key', hour)
    })

    it('does not replace a value that is shorter than the stamp', async ({ store }) => {
      for (const shorter of ['', 'A', 'AAA']) {
        await store.set('key', bytes(shorter), hour)
        assert.equal(await store.compareAndSet('key', bytes('AAAA'), bytes('BBBB'), minute, { stamp }), false)
        assertBytes(await store.get('key'), shorter)
      }
    })

    it('compares a value that is nothing but its stamp', async ({ store }) => {
      await store.set('key', bytes('AAAA'), hour)
      assert.equal(await store.compareAndSet('key', bytes('AAAA'), bytes('BBBB'), minute, { stamp }), true)
      assert.equal(await store.compareAndSet('key', bytes('AAAA'), bytes('CCCC'), minute, { stamp }), false)
      assertBytes(await store.get('key'), 'BBBB')
    })

    it("with 'keep' leaves the expiry as it is", async ({ store, elapse, assertLife }) => {
      await store.set('key', bytes('AAAA old'), hour)
      await elapse(50)
      assert.equal(await store.compareAndSet('key', bytes('AAAA'), bytes('BBBB new'), 'keep', { stamp }), true)
      assertBytes(await store.get('key'), 'BBBB new')
      await assertLife('key', hour - 50)
    })

    it('never brings back a deleted key', async ({ store }) => {
      await store.set('key', bytes('AAAA'), hour)
      await store.delete('key')
      assert.equal(await store.compareAndSet('key', bytes('AAAA'), bytes('BBBB'), minute, { stamp }), false)
      assertBytes(await store.get('key'), undefined)
    })

    it('creates an absent key, and no other', async ({ store }) => {
      assert.equal(await store.compareAndSet('key', null, bytes('AAAA 1'), minute, { stamp }), true)
      assert.equal(await store.compareAndSet('key', null, bytes('AAAA 2'), minute, { stamp }), false)
      assertBytes(await store.get('key'), 'AAAA 1')
    })

    it('deletes a value that begins with the stamp, and no other', async ({ store }) => {
      await store.set('key', bytes('AAAA old'), hour)
      assert.equal(await store.compareAndSet('key', bytes('BBBB old'), null, undefined, { stamp }), false)
      assertBytes(await store.get('key'), 'AAAA old')
      assert.equal(await store.compareAndSet('key', bytes('AAAA'), null, undefined, { stamp }), true)
      assertBytes(await store.get('key'), undefined)
      assert.equal(await store.compareAndSet('key', bytes('AAAA'), null, undefined, { stamp }), false)
    })

    it('compares bytes, not text', async ({ store }) => {
      await store.set('key', new Uint8Array([0, 255, 128, 195, 1]), hour)
      const other = new Uint8Array([0, 255, 129, 195, 1])
      assert.equal(await store.compareAndSet('key', other, bytes('BBBB'), minute, { stamp }), false)
      const same = new Uint8Array([0, 255, 128, 195, 2])
      assert.equal(await store.compareAndSet('key', same, bytes('BBBB'), minute, { stamp }), true)
    })
  },
}
