import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { hour, minute } from './lifetimes.ts'
import { assertFails } from './rejections.ts'
import type { DeclareTest, TestGroup } from './test-group.ts'

const most = Number.MAX_SAFE_INTEGER

// Decimal text of a safe integer has one form: no sign but '-', no leading zero, nothing around it.
const otherForms = [
  '',
  ' ',
  ' 1',
  '1 ',
  '1\n',
  '+1',
  '-',
  '--1',
  '-0',
  '00',
  '007',
  '-01',
  '1.5',
  '1.0',
  '1e3',
  '0x10',
  '1,000',
]
const noNumbers = ['abc', '12a', 'NaN', 'Infinity', 'true', '\u0661', '１', '1\0', '\0']
// Just beyond the safe integers, of 64 bits and a little more, and of 20 digits and what wraps around to 1.
const tooLong = [
  '9007199254740992',
  '-9007199254740992',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551617',
]
const notCounters = [...otherForms, ...noNumbers, ...tooLong]

export const incrementTests: TestGroup = {
  name: 'increment',
  declare(it) {
    declareCounting(it)
    declareLife(it)
    declareRefusals(it)
  },
}

function declareCounting(it: DeclareTest): void {
  it('counts from 0 for an absent key', async ({ store }) => {
    assert.equal((await store.increment('key', 1, minute)).value, 1)
    assert.equal((await store.increment('key', 1, minute)).value, 2)
    assert.equal((await store.increment('other', 42, minute)).value, 42)
  })

  it('counts down, and below 0', async ({ store }) => {
    assert.equal((await store.increment('key', 5, minute)).value, 5)
    assert.equal((await store.increment('key', -7, minute)).value, -2)
    assert.equal((await store.increment('other', -3, minute)).value, -3)
    assert.equal((await store.increment('other', 3, minute)).value, 0)
  })

  it('with a delta of 0 creates the counter, or reads it', async ({ store }) => {
    assert.equal(Object.is((await store.increment('key', 0, minute)).value, 0), true)
    assertBytes(await store.get('key'), '0')
    await store.increment('key', 9, minute)
    assert.equal((await store.increment('key', 0, minute)).value, 9)
    assert.equal(Object.is((await store.increment('negative zero', -0, minute)).value, 0), true)
    assertBytes(await store.get('negative zero'), '0')
  })

  it('keeps decimal text that get can read', async ({ store }) => {
    await store.increment('key', 1_234_567_890_123_456, minute)
    assertBytes(await store.get('key'), '1234567890123456')
    await store.increment('negative', -15, minute)
    assertBytes(await store.get('negative'), '-15')
    await store.increment('most', most, minute)
    assertBytes(await store.get('most'), '9007199254740991')
  })

  it('counts on from decimal text that was set', async ({ store }) => {
    for (const [text, next] of [
      ['41', 42],
      ['0', 1],
      ['-5', -4],
      ['9007199254740990', most],
      ['-9007199254740991', -most + 1],
    ] as const) {
      await store.set('key', bytes(text), minute)
      assert.equal((await store.increment('key', 1, minute)).value, next, text)
      assertBytes(await store.get('key'), String(next))
    }
  })

  it('is exact up to the last safe integer, both ways', async ({ store }) => {
    assert.equal((await store.increment('up', most, minute)).value, most)
    assert.equal((await store.increment('up', -1, minute)).value, most - 1)
    assert.equal((await store.increment('up', 1, minute)).value, most)
    assert.equal((await store.increment('down', -most, minute)).value, -most)
    assert.equal((await store.increment('down', most, minute)).value, 0)
    assertBytes(await store.get('down'), '0')
    await store.set('across', bytes(String(-most)), minute)
    assert.equal((await store.increment('across', most, minute)).value, 0)
  })
}

function declareLife(it: DeclareTest): void {
  it('gives the expiry when it creates, and reports it', async ({ store, assertLife }) => {
    const created = await store.increment('key', 1, hour)
    assert.ok(created.ttl <= hour && created.ttl > minute, `${created.ttl} ms`)
    await assertLife('key', hour)
    assert.equal((await store.increment('for ever', 1, Number.POSITIVE_INFINITY)).ttl, Number.POSITIVE_INFINITY)
    await assertLife('for ever', Number.POSITIVE_INFINITY)
  })

  it('keeps the expiry of a present counter, and reports what is left', async ({ store, elapse, assertLife }) => {
    await store.increment('key', 1, hour)
    await elapse(50)
    const counted = await store.increment('key', 1, minute)
    assert.ok(counted.ttl <= hour - 50 + 15 && counted.ttl > minute, `${counted.ttl} ms`)
    await assertLife('key', hour - 50)
    await store.increment('key', 1, Number.POSITIVE_INFINITY)
    await assertLife('key', hour - 50)
  })

  it('keeps a counter without expiry so', async ({ store, assertLife }) => {
    await store.increment('key', 1, Number.POSITIVE_INFINITY)
    assert.equal((await store.increment('key', 1, minute)).ttl, Number.POSITIVE_INFINITY)
    await assertLife('key', Number.POSITIVE_INFINITY)
  })

  it('keeps the expiry of text that was set', async ({ store, assertLife }) => {
    await store.set('key', bytes('1'), hour)
    await store.increment('key', 1, minute)
    await assertLife('key', hour)
  })

  it('begins anew after a delete', async ({ store, assertLife }) => {
    await store.increment('key', 5, hour)
    await store.delete('key')
    assert.equal((await store.increment('key', 1, minute)).value, 1)
    await assertLife('key', minute)
  })
}

function declareRefusals(it: DeclareTest): void {
  it('refuses what is not decimal text of a safe integer, and leaves it as it was', async ({ store, assertLife }) => {
    for (const text of notCounters) {
      await store.set('key', bytes(text), hour)
      for (const delta of [1, 0, -1]) {
        await assertFails(() => store.increment('key', delta, minute), { code: 'not-a-counter' })
      }
      assertBytes(await store.get('key'), text)
      await assertLife('key', hour)
    }
  })

  it('refuses bytes that are no text', async ({ store }) => {
    for (const value of [new Uint8Array([255]), new Uint8Array([49, 0xb9]), new Uint8Array([0, 0, 0, 1])]) {
      await store.set('key', value, hour)
      await assertFails(() => store.increment('key', 1, minute), { code: 'not-a-counter' })
      assertBytes(await store.get('key'), value)
    }
  })

  it('refuses a step beyond the safe integers, and leaves the counter as it was', async ({ store, assertLife }) => {
    for (const [text, delta] of [
      ['9007199254740991', 1],
      ['9007199254740991', most],
      ['1', most],
      ['-9007199254740991', -1],
      ['-9007199254740991', -most],
      ['-1', -most],
    ] as const) {
      await store.set('key', bytes(text), hour)
      await assertFails(() => store.increment('key', delta, minute), { code: 'overflow' })
      assertBytes(await store.get('key'), text)
      await assertLife('key', hour)
    }
  })

  it('says that a refused step was not applied, and names the key', async ({ store }) => {
    await store.set('text', bytes('abc'), hour)
    await store.set('full', bytes(String(most)), hour)
    const told = { operation: 'increment', applied: 'no' } as const
    await assertFails(() => store.increment('text', 1, minute), { code: 'not-a-counter', key: 'text', ...told })
    await assertFails(() => store.increment('full', 1, minute), { code: 'overflow', key: 'full', ...told })
  })
}
