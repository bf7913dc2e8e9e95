import type { TransientStore } from '@transient/core/store'
import { assertBytes, bytes } from './bytes.ts'
import { hour, minute } from './lifetimes.ts'
import { assertMisuse } from './rejections.ts'
import type { DeclareTest, TestGroup } from './test-group.ts'

const value = bytes('value')
const wrong = (argument: unknown) => argument as never

/** Calls that JavaScript callers make, and TypeScript callers with a cast. */
const badKeys = [undefined, null, 1, true, {}, [], Symbol.iterator, bytes('key'), '\ud800', 'a\udc00b', '\udc00\ud800']
const badLists = [undefined, null, 'key', 1, {}, new Set(['key']), [1], ['key', undefined], ['key', '\ud800']]
const badTtls = [0, -0, -1, Number.NaN, 1.5, 0.1, Number.NEGATIVE_INFINITY, 2 ** 53, 1e300, '5', '20m', null, {}, 5n]
const badValues = [
  undefined,
  null,
  'value',
  1,
  {},
  [1, 2],
  new ArrayBuffer(4),
  new DataView(new ArrayBuffer(4)),
  new Uint16Array(2),
]
const badDeltas = [undefined, null, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', 1n, {}]
const badStamps = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '4', 6]

type Call = (store: TransientStore, argument: never) => Promise<unknown>

const withKey: readonly Call[] = [
  (store, key) => store.get(key),
  (store, key) => store.set(key, value, minute),
  (store, key) => store.touch(key, minute),
  (store, key) => store.take(key),
  (store, key) => store.compareAndSet(key, null, value, minute),
  (store, key) => store.compareAndSet(key, value, null),
  (store, key) => store.increment(key, 1, minute),
  (store, key) => store.setMany([{ key, value, ttl: minute }]),
]

const withTtl: readonly Call[] = [
  (store, ttl) => store.get('key', { touch: ttl }),
  (store, ttl) => store.set('key', value, ttl),
  (store, ttl) => store.setMany([{ key: 'key', value, ttl }]),
  (store, ttl) => store.touch('key', ttl),
  (store, ttl) => store.compareAndSet('key', value, bytes('new'), ttl),
  (store, ttl) => store.compareAndSet('new', null, value, ttl),
  (store, ttl) => store.increment('counter', 1, ttl),
  (store, ttl) => store.increment('new', 1, ttl),
]

const withValue: readonly Call[] = [
  (store, next) => store.set('key', next, minute),
  (store, next) => store.setMany([{ key: 'key', value: next, ttl: minute }]),
]

export const misuseTests: TestGroup = {
  name: 'misuse',
  declare(it, harness) {
    declareArguments(it)
    declareCompareAndSet(it)
    declareConsequences(it, harness.outage)
  },
}

async function refuseAll(
  store: TransientStore,
  calls: readonly Call[],
  bad: readonly unknown[],
  name: 'TypeError' | 'RangeError',
): Promise<void> {
  for (const call of calls) for (const argument of bad) await assertMisuse(() => call(store, wrong(argument)), name)
}

function declareArguments(it: DeclareTest): void {
  it('a key that is no well-formed string is a TypeError', async ({ store }) => {
    await refuseAll(store, withKey, badKeys, 'TypeError')
  })

  it('a list that is no array of keys is a TypeError', async ({ store }) => {
    await refuseAll(store, [(s, keys) => s.getMany(keys), (s, keys) => s.ttl(keys)], badLists, 'TypeError')
    const bad = badLists.filter((list) => list !== 'key')
    await refuseAll(store, [(s, keys) => s.delete(keys)], [...bad, '\ud800'], 'TypeError')
  })

  it('a list that is no array of entries is a TypeError', async ({ store }) => {
    const bad = [
      undefined,
      null,
      'key',
      1,
      {},
      [undefined],
      [null],
      ['key'],
      [{ value, ttl: minute }],
      [{ key: 'key', ttl: 1 }],
    ]
    await refuseAll(store, [(s, entries) => s.setMany(entries)], bad, 'TypeError')
  })

  it('an expiry of 0, below 0, NaN, a fraction, text or nothing is a RangeError', async ({ store }) => {
    await refuseAll(store, withTtl, badTtls, 'RangeError')
    await refuseAll(store, withTtl.slice(1), [undefined], 'RangeError')
  })

  it('a value that is no Uint8Array is a TypeError', async ({ store }) => {
    await refuseAll(store, withValue, badValues, 'TypeError')
  })

  it('a delta that is no safe integer is a RangeError', async ({ store }) => {
    await refuseAll(store, [(s, delta) => s.increment('key', delta, minute)], badDeltas, 'RangeError')
  })
}

function declareCompareAndSet(it: DeclareTest): void {
  it('a compareAndSet from null to null is a TypeError', async ({ store }) => {
    await assertMisuse(() => store.compareAndSet('key', wrong(null), null), 'TypeError')
    await assertMisuse(() => store.compareAndSet('key', null, wrong(null), minute), 'TypeError')
  })

  it("a compareAndSet that creates with 'keep' is a TypeError", async ({ store }) => {
    await assertMisuse(() => store.compareAndSet('key', null, value, 'keep'), 'TypeError')
  })

  it('a compareAndSet that deletes with an expiry is a TypeError', async ({ store }) => {
    for (const ttl of [minute, 'keep', 0]) {
      await assertMisuse(() => store.compareAndSet('key', value, null, wrong(ttl)), 'TypeError')
    }
  })

  it('a compareAndSet of what is no Uint8Array is a TypeError', async ({ store }) => {
    const bad = badValues.filter((argument) => argument !== null)
    const calls: Call[] = [
      (s, other) => s.compareAndSet('key', other, value, minute),
      (s, other) => s.compareAndSet('key', value, other, minute),
      (s, other) => s.compareAndSet('key', null, other, minute),
      (s, other) => s.compareAndSet('key', other, null),
    ]
    await refuseAll(store, calls, bad, 'TypeError')
  })

  it('a stamp that is no positive whole number, or longer than a value, is a RangeError', async ({ store }) => {
    const calls: Call[] = [
      (s, stamp) => s.compareAndSet('key', value, value, minute, { stamp }),
      (s, stamp) => s.compareAndSet('key', value, null, undefined, { stamp }),
      (s, stamp) => s.compareAndSet('key', null, value, minute, { stamp }),
    ]
    await refuseAll(store, calls, badStamps, 'RangeError')
    await assertMisuse(() => store.compareAndSet('key', bytes('longer'), value, minute, { stamp: 6 }), 'RangeError')
  })
}

function declareConsequences(it: DeclareTest, withOutage: boolean): void {
  it('changes nothing', async ({ store, assertLife }) => {
    await store.set('key', value, hour)
    await store.set('counter', bytes('1'), hour)
    for (const call of withTtl) await assertMisuse(() => call(store, wrong(0)), 'RangeError')
    for (const call of withValue) await assertMisuse(() => call(store, wrong('text')), 'TypeError')
    assertBytes(await store.get('key'), value)
    assertBytes(await store.get('counter'), '1')
    assertBytes(await store.get('new'), undefined)
    await assertLife('key', hour)
    await assertLife('counter', hour)
  })

  it('in one entry keeps all entries from being stored', async ({ store }) => {
    const good = { key: 'good', value, ttl: minute }
    for (const bad of [
      { key: '\ud800', value, ttl: minute },
      { key: 'bad', value: wrong('text'), ttl: minute },
    ]) {
      await assertMisuse(() => store.setMany([good, bad]), 'TypeError')
    }
    await assertMisuse(() => store.setMany([good, { key: 'bad', value, ttl: 0 }]), 'RangeError')
    assertBytes(await store.get('good'), undefined)
  })

  it('in one key of a list keeps all keys from being deleted', async ({ store }) => {
    await store.set('good', value, minute)
    await assertMisuse(() => store.delete(['good', '\ud800']), 'TypeError')
    assertBytes(await store.get('good'), value)
  })

  if (withOutage) {
    it('is told before any I/O: also while the storage is out', async ({ store, outage }) => {
      await outage().begin()
      try {
        await refuseAll(store, withKey, ['\ud800'], 'TypeError')
        await refuseAll(store, withTtl, [0, '5'], 'RangeError')
        await refuseAll(store, withValue, ['text'], 'TypeError')
        await refuseAll(store, [(s, delta) => s.increment('key', delta, minute)], [0.5], 'RangeError')
      } finally {
        await outage().end()
      }
    })
  }
}
