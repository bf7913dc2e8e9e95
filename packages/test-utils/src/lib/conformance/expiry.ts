import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { afterBrief, brief, day, hour, minute } from './lifetimes.ts'
import type { DeclareTest, TestGroup } from './test-group.ts'

const most = Number.MAX_SAFE_INTEGER
const value = bytes('value')

export const expiryTests: TestGroup = {
  name: 'expiry',
  declare(it, harness) {
    declareAbsence(it)
    declareLongLives(it)
    if (harness.clock === 'fake' && !harness.resolution) declareExactness(it)
  },
}

function declareAbsence(it: DeclareTest): void {
  it('makes a key absent for get, also with touch', async ({ store, elapse }) => {
    await store.set('key', value, brief)
    await elapse(afterBrief)
    assertBytes(await store.get('key', { touch: minute }), undefined)
    assertBytes(await store.get('key'), undefined)
  })

  it('makes a key absent for getMany and ttl', async ({ store, elapse }) => {
    await store.set('expires', value, brief)
    await store.set('stays', value, minute)
    await elapse(afterBrief)
    const [expired, stays] = await store.getMany(['expires', 'stays'])
    assertBytes(expired, undefined)
    assertBytes(stays, value)
    assert.equal((await store.ttl(['expires']))[0], undefined)
  })

  it('makes a key absent for delete', async ({ store, elapse }) => {
    await store.set('one', value, brief)
    await store.set('two', value, brief)
    await elapse(afterBrief)
    assert.equal(await store.delete('one'), 0)
    assert.equal(await store.delete(['one', 'two']), 0)
  })

  it('makes a key absent for touch', async ({ store, elapse }) => {
    await store.set('key', value, brief)
    await elapse(afterBrief)
    assert.equal(await store.touch('key', minute), false)
    assertBytes(await store.get('key'), undefined)
  })

  it('makes a key absent for take', async ({ store, elapse }) => {
    await store.set('key', value, brief)
    await elapse(afterBrief)
    assertBytes(await store.take('key'), undefined)
  })

  it('makes a key absent for compareAndSet, which never brings it back', async ({ store, elapse }) => {
    // A key each: whatever meets an expired key first may clear it away.
    for (const key of ['replace', 'keep', 'delete', 'create']) await store.set(key, value, brief)
    await elapse(afterBrief)
    assert.equal(await store.compareAndSet('replace', value, bytes('new'), minute), false)
    assert.equal(await store.compareAndSet('keep', value, bytes('new'), 'keep'), false)
    assert.equal(await store.compareAndSet('delete', value, null), false)
    for (const left of await store.getMany(['replace', 'keep', 'delete'])) assertBytes(left, undefined)
    assert.equal(await store.compareAndSet('create', null, bytes('new'), minute), true)
    assertBytes(await store.get('create'), 'new')
  })

  it('makes a counter begin anew, with the new expiry', async ({ store, elapse, assertLife }) => {
    await store.increment('key', 5, brief)
    await elapse(afterBrief)
    assert.equal((await store.increment('key', 1, hour)).value, 1)
    await assertLife('key', hour)
  })

  it('comes whichever verb gave it', async ({ store, elapse }) => {
    await store.setMany([{ key: 'setMany', value, ttl: brief }])
    await store.set('touch', value, hour)
    await store.set('get', value, hour)
    await store.set('replace', value, hour)
    await store.touch('touch', brief)
    await store.get('get', { touch: brief })
    await store.compareAndSet('create', null, value, brief)
    await store.compareAndSet('replace', value, value, brief)
    await elapse(afterBrief)
    for (const left of await store.getMany(['setMany', 'touch', 'get', 'create', 'replace']))
      assertBytes(left, undefined)
  })

  it("comes as it would have, after a compareAndSet with 'keep' and after an increment", async ({ store, elapse }) => {
    await store.set('text', value, hour)
    await store.set('counter', bytes('1'), hour)
    await store.touch('text', brief)
    await store.touch('counter', brief)
    // On a busy machine the life may be over by now: then these do nothing, or begin a counter anew.
    await store.compareAndSet('text', value, bytes('new'), 'keep')
    await store.increment('counter', 1, brief)
    await elapse(afterBrief)
    assertBytes(await store.get('text'), undefined)
    assertBytes(await store.get('counter'), undefined)
  })

  it('of 1 ms is taken, and is soon over', async ({ store, elapse }) => {
    await store.set('key', value, 1)
    await elapse(2)
    assertBytes(await store.get('key'), undefined)
  })
}

function declareLongLives(it: DeclareTest): void {
  it('does not come before its time', async ({ store, elapse }) => {
    await store.set('key', value, minute)
    await elapse(50)
    assertBytes(await store.get('key'), value)
  })

  it('of Infinity is none', async ({ store, elapse, assertLife }) => {
    await store.set('key', value, Number.POSITIVE_INFINITY)
    await elapse(50)
    assertBytes(await store.get('key'), value)
    await assertLife('key', Number.POSITIVE_INFINITY)
  })

  it('of 2^31 ms and more is not cut short', async ({ store, assertLife }) => {
    for (const ttl of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 365 * day]) {
      await store.set('key', value, ttl)
      await assertLife('key', ttl)
      assertBytes(await store.get('key'), value)
    }
  })

  it('of Number.MAX_SAFE_INTEGER ms is taken by every verb', async ({ store, assertLife }) => {
    await store.set('set', value, most)
    await store.setMany([{ key: 'setMany', value, ttl: most }])
    await store.set('touch', value, minute)
    assert.equal(await store.touch('touch', most), true)
    await store.set('get', value, minute)
    assertBytes(await store.get('get', { touch: most }), value)
    assert.equal(await store.compareAndSet('create', null, value, most), true)
    await store.set('replace', value, minute)
    assert.equal(await store.compareAndSet('replace', value, value, most), true)
    assert.equal((await store.increment('increment', 1, most)).value, 1)
    for (const key of ['set', 'setMany', 'touch', 'get', 'create', 'replace', 'increment']) await assertLife(key, most)
  })
}

function declareExactness(it: DeclareTest): void {
  it('comes to the millisecond on the clock of the store', async ({ store, elapse }) => {
    await store.set('key', value, 1000)
    await elapse(999)
    assertBytes(await store.get('key'), value)
    await elapse(2)
    assertBytes(await store.get('key'), undefined)
  })

  it('is counted from the last touch', async ({ store, elapse }) => {
    await store.set('key', value, 1000)
    for (let round = 0; round < 5; round += 1) {
      await elapse(900)
      assert.equal(await store.touch('key', 1000), true)
    }
    await elapse(900)
    assertBytes(await store.get('key', { touch: 1000 }), value)
    await elapse(900)
    assertBytes(await store.get('key'), value)
    await elapse(101)
    assertBytes(await store.get('key'), undefined)
  })

  it("is not moved by a compareAndSet with 'keep' or an increment, however many", async ({ store, elapse }) => {
    await store.set('text', bytes('0'), 1000)
    await store.increment('counter', 0, 1000)
    for (let round = 0; round < 9; round += 1) {
      await elapse(100)
      assert.equal(await store.compareAndSet('text', bytes(`${round}`), bytes(`${round + 1}`), 'keep'), true)
      assert.deepEqual(await store.increment('counter', 1, 5000), { value: round + 1, ttl: 900 - round * 100 })
    }
    await elapse(99)
    assertBytes(await store.get('text'), '9')
    assertBytes(await store.get('counter'), '9')
    await elapse(2)
    assertBytes(await store.get('text'), undefined)
    assertBytes(await store.get('counter'), undefined)
  })

  it('of days is kept', async ({ store, elapse, assertLife }) => {
    await store.set('key', value, 40 * day)
    await elapse(39 * day)
    assertBytes(await store.get('key'), value)
    await assertLife('key', day)
    await elapse(day + 1)
    assertBytes(await store.get('key'), undefined)
  })
}
