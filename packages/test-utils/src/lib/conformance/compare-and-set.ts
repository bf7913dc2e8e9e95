import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { day, hour, minute } from './lifetimes.ts'
import type { DeclareTest, TestGroup } from './test-group.ts'

const empty = new Uint8Array(0)

export const compareAndSetTests: TestGroup = {
  name: 'compareAndSet',
  declare(it) {
    declareCreation(it)
    declareReplacement(it)
    declareDeletion(it)
  },
}

function declareCreation(it: DeclareTest): void {
  it('creates an absent key, with its expiry', async ({ store, assertLife }) => {
    assert.equal(await store.compareAndSet('key', null, bytes('value'), hour), true)
    assertBytes(await store.get('key'), 'value')
    await assertLife('key', hour)
    assert.equal(await store.compareAndSet('for ever', null, bytes('value'), Number.POSITIVE_INFINITY), true)
    await assertLife('for ever', Number.POSITIVE_INFINITY)
  })

  it('does not create a key that is there, and leaves its value and expiry', async ({ store, assertLife }) => {
    await store.set('key', bytes('old'), hour)
    assert.equal(await store.compareAndSet('key', null, bytes('new'), minute), false)
    assertBytes(await store.get('key'), 'old')
    await assertLife('key', hour)
  })

  it('takes an empty value for a value, not for an absent key', async ({ store }) => {
    await store.set('empty', empty, minute)
    assert.equal(await store.compareAndSet('empty', null, bytes('new'), minute), false)
    assertBytes(await store.get('empty'), empty)
    assert.equal(await store.compareAndSet('absent', empty, bytes('new'), minute), false)
    assertBytes(await store.get('absent'), undefined)
    assert.equal(await store.compareAndSet('empty', empty, bytes('new'), minute), true)
    assertBytes(await store.get('empty'), 'new')
  })

  it('creates with an empty value', async ({ store }) => {
    assert.equal(await store.compareAndSet('key', null, empty, minute), true)
    assertBytes(await store.get('key'), empty)
    assert.equal(await store.compareAndSet('key', null, empty, minute), false)
  })

  it('creates again what was deleted', async ({ store }) => {
    await store.compareAndSet('key', null, bytes('first'), minute)
    await store.delete('key')
    assert.equal(await store.compareAndSet('key', null, bytes('second'), minute), true)
    assertBytes(await store.get('key'), 'second')
  })
}

function declareReplacement(it: DeclareTest): void {
  it('replaces an unchanged value, with a new expiry', async ({ store, assertLife }) => {
    await store.set('key', bytes('old'), hour)
    assert.equal(await store.compareAndSet('key', bytes('old'), bytes('new'), day), true)
    assertBytes(await store.get('key'), 'new')
    await assertLife('key', day)
    assert.equal(await store.compareAndSet('key', bytes('new'), bytes('newer'), Number.POSITIVE_INFINITY), true)
    await assertLife('key', Number.POSITIVE_INFINITY)
    assert.equal(await store.compareAndSet('key', bytes('newer'), bytes('newest'), minute), true)
    await assertLife('key', minute)
  })

  it('does not replace a changed value, and leaves it and its expiry', async ({ store, assertLife }) => {
    await store.set('key', bytes('changed'), hour)
    assert.equal(await store.compareAndSet('key', bytes('old'), bytes('new'), minute), false)
    assertBytes(await store.get('key'), 'changed')
    await assertLife('key', hour)
  })

  it('compares the whole value', async ({ store }) => {
    await store.set('key', bytes('value'), minute)
    for (const other of ['', 'v', 'valu', 'valuf', 'Value', 'value ', 'valuevalue', 'value\0']) {
      assert.equal(await store.compareAndSet('key', bytes(other), bytes('new'), minute), false, JSON.stringify(other))
    }
    assertBytes(await store.get('key'), 'value')
  })

  it("with 'keep' leaves the expiry as it is", async ({ store, elapse, assertLife }) => {
    await store.set('key', bytes('old'), hour)
    await elapse(50)
    assert.equal(await store.compareAndSet('key', bytes('old'), bytes('new'), 'keep'), true)
    assertBytes(await store.get('key'), 'new')
    await assertLife('key', hour - 50)
  })

  it("with 'keep' leaves a key without expiry so", async ({ store, assertLife }) => {
    await store.set('key', bytes('old'), Number.POSITIVE_INFINITY)
    assert.equal(await store.compareAndSet('key', bytes('old'), bytes('new'), 'keep'), true)
    await assertLife('key', Number.POSITIVE_INFINITY)
  })

  it("with 'keep' replaces only if unchanged", async ({ store, assertLife }) => {
    await store.set('key', bytes('changed'), hour)
    assert.equal(await store.compareAndSet('key', bytes('old'), bytes('new'), 'keep'), false)
    assertBytes(await store.get('key'), 'changed')
    assert.equal(await store.compareAndSet('absent', bytes('old'), bytes('new'), 'keep'), false)
    await assertLife('absent', undefined)
  })

  it('never brings back a deleted key', async ({ store, assertLife }) => {
    await store.set('key', bytes('old'), hour)
    await store.delete('key')
    assert.equal(await store.compareAndSet('key', bytes('old'), bytes('new'), minute), false)
    assert.equal(await store.compareAndSet('key', bytes('old'), bytes('new'), 'keep'), false)
    assertBytes(await store.get('key'), undefined)
    await assertLife('key', undefined)
  })

  it('never brings back a key that was taken', async ({ store }) => {
    await store.set('key', bytes('old'), hour)
    await store.take('key')
    assert.equal(await store.compareAndSet('key', bytes('old'), bytes('new'), minute), false)
    assertBytes(await store.get('key'), undefined)
  })

  it('replaces a value by the same value, with a new expiry', async ({ store, assertLife }) => {
    await store.set('key', bytes('same'), hour)
    assert.equal(await store.compareAndSet('key', bytes('same'), bytes('same'), minute), true)
    assertBytes(await store.get('key'), 'same')
    await assertLife('key', minute)
  })

  it('replaces by an empty value', async ({ store }) => {
    await store.set('key', bytes('old'), hour)
    assert.equal(await store.compareAndSet('key', bytes('old'), empty, minute), true)
    assertBytes(await store.get('key'), empty)
  })

  it('replaces a counter by what it reads as', async ({ store }) => {
    await store.increment('counter', 41, minute)
    assert.equal(await store.compareAndSet('counter', bytes('41'), bytes('100'), minute), true)
    assert.equal((await store.increment('counter', 1, minute)).value, 101)
  })

  it('leaves other keys alone', async ({ store, assertLife }) => {
    await store.set('other', bytes('old'), hour)
    await store.set('key', bytes('old'), hour)
    await store.compareAndSet('key', bytes('old'), bytes('new'), minute)
    assertBytes(await store.get('other'), 'old')
    await assertLife('other', hour)
  })
}

function declareDeletion(it: DeclareTest): void {
  it('deletes an unchanged value', async ({ store }) => {
    await store.set('key', bytes('old'), hour)
    assert.equal(await store.compareAndSet('key', bytes('old'), null), true)
    assertBytes(await store.get('key'), undefined)
    await store.set('empty', empty, hour)
    assert.equal(await store.compareAndSet('empty', empty, null), true)
    assertBytes(await store.get('empty'), undefined)
  })

  it('does not delete a changed value, and leaves its expiry', async ({ store, assertLife }) => {
    await store.set('key', bytes('changed'), hour)
    for (const other of ['old', 'chang', 'changed!', '']) {
      assert.equal(await store.compareAndSet('key', bytes(other), null), false, JSON.stringify(other))
    }
    assertBytes(await store.get('key'), 'changed')
    await assertLife('key', hour)
  })

  it('does not delete what is not there', async ({ store }) => {
    assert.equal(await store.compareAndSet('key', bytes('old'), null), false)
    assert.equal(await store.compareAndSet('key', empty, null), false)
  })
}
