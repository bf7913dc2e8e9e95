/* oxlint-disable vitest/no-standalone-expect -- these tests are declared by createRedisTest */
import { createRedisTest } from '@transient/test-utils/vitest'
import { expect } from 'vitest'
import { meet } from './meeting.ts'

const test = createRedisTest({ isolate: process.env.ISOLATE as 'database' | 'prefix' })

test('keeps its keys while the other worker is flushed, and sees none of the other', async ({ store }) => {
  await store.set('key', Buffer.from('of the other'), 60_000)
  await store.set('another key', Buffer.from('of the other'), 60_000)
  await meet('both have written')
  await meet('one was flushed')
  expect(Buffer.from((await store.get('key')) ?? []).toString()).toBe('of the other')
  const keys: string[] = []
  for await (const batch of store.scan('')) keys.push(...batch)
  expect(keys.sort((one, two) => one.localeCompare(two))).toEqual(['another key', 'key'])
})
