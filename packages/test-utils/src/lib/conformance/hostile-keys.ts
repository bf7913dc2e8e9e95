import assert from 'node:assert/strict'
import { assertBytes, bytes } from './bytes.ts'
import { listKeys } from './key-list.ts'
import { minute } from './lifetimes.ts'
import type { TestGroup } from './test-group.ts'

const blanks = [
  '',
  ' ',
  '  ',
  ' a',
  'a ',
  'a',
  'A',
  '\t',
  '\n',
  '\r',
  '\r\n',
  'a\nb',
  'a\r\nb',
  '\0',
  'a\0',
  'a\0b',
  '\x7f',
]
const patterns = [
  '*',
  '?',
  '[',
  ']',
  '[a-z]',
  '[^a]',
  '\\',
  '\\\\',
  'a*',
  'a?',
  'a\\*',
  '*?[]\\',
  '^',
  '$',
  '.',
  '.*',
  '(',
  '%s',
]
const separators = [
  ':',
  '::',
  'a:',
  ':a',
  'a:b',
  '{',
  '}',
  '{}',
  '{a}',
  '{a}{b}',
  'a{b}c',
  '/',
  '../..',
  'a/b',
  '"',
  "'",
  '`',
  '#',
]
const properties = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'length']
const numbers = ['0', '-0', '00', '1', '-1', '1.0', '1e3', 'NaN', 'null', 'undefined', 'true', 'nil']
const replies = ['OK', 'QUEUED', '+OK', '-ERR', '$-1', '*1', '$-1\r\n']
// The same letters as one character each and as two; letters that change their length with their case.
const letters = [
  'ÅÄÖ',
  'A\u030aA\u0308O\u0308',
  'ß',
  'SS',
  'ı',
  'İ',
  '日本語',
  'مرحبا',
  '\ufeff',
  '\u2028',
  '\u200b',
  '\uffff',
]
const emoji = ['😀', '👩‍👩‍👧', '\u{10ffff}', '\u{1f600}'.repeat(1000)]

/** Keys that were mistaken for something else in one storage or another. */
const hostileKeys: readonly string[] = [
  ...blanks,
  ...patterns,
  ...separators,
  ...properties,
  ...numbers,
  ...replies,
  ...letters,
  ...emoji,
  'x'.repeat(10_000),
]

export const hostileKeyTests: TestGroup = {
  name: 'hostile keys',
  declare(it, harness) {
    it('are all different, and come back with their own values', async ({ store }) => {
      await store.setMany(hostileKeys.map((key, index) => ({ key, value: bytes(`value ${index}`), ttl: minute })))
      const values = await store.getMany(hostileKeys)
      hostileKeys.forEach((_, index) => assertBytes(values[index], `value ${index}`))
      assert.equal(await store.delete(hostileKeys), hostileKeys.length)
    })

    it('are absent until they are set', async ({ store }) => {
      for (const value of await store.getMany(hostileKeys)) assertBytes(value, undefined)
      for (const left of await store.ttl(hostileKeys)) assert.equal(left, undefined)
      assert.equal(await store.delete(hostileKeys), 0)
    })

    it('mean nothing to any verb', async ({ store }) => {
      for (const key of hostileKeys) {
        await store.set(key, bytes('one'), minute)
        assertBytes(await store.get(key), 'one')
        assertBytes(await store.get(key, { touch: minute }), 'one')
        assert.equal(await store.touch(key, minute), true)
        assert.ok((await store.ttl([key]))[0])
        assert.equal(await store.compareAndSet(key, bytes('one'), bytes('two'), 'keep'), true)
        assert.equal(await store.compareAndSet(key, bytes('two'), bytes('3'), minute), true)
        assert.equal((await store.increment(key, 1, minute)).value, 4)
        assertBytes(await store.take(key), '4')
        assert.equal(await store.compareAndSet(key, null, bytes('five'), minute), true)
        assert.equal(await store.compareAndSet(key, bytes('five'), null), true)
        assert.equal((await store.increment(key, 6, minute)).value, 6)
        assert.equal(await store.delete(key), 1)
        assertBytes(await store.get(key), undefined)
      }
    })

    if (harness.inspectable) {
      it('are listed as they are', async ({ store }) => {
        await store.setMany(hostileKeys.map((key) => ({ key, value: bytes('value'), ttl: minute })))
        assert.deepEqual(await listKeys(store), [...hostileKeys].sort())
      })

      it('are prefixes that match only themselves', async ({ store }) => {
        const keys = [...hostileKeys, ...hostileKeys.map((key) => `${key}!`)]
        await store.setMany(keys.map((key) => ({ key, value: bytes('value'), ttl: minute })))
        for (const prefix of hostileKeys) {
          const expected = [...new Set(keys)].filter((key) => key.startsWith(prefix)).sort()
          assert.deepEqual(await listKeys(store, prefix), expected, JSON.stringify(prefix.slice(0, 20)))
        }
      })
    }
  },
}
