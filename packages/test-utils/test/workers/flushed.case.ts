/* oxlint-disable vitest/no-standalone-expect -- these tests are declared by createRedisTest */
import { createRedisTest } from '@transient/test-utils/vitest'
import { expect } from 'vitest'
import { meet } from './meeting.ts'

const test = createRedisTest({ isolate: process.env.ISOLATE as 'database' | 'prefix' })

test('writes', async ({ store }) => {
  await store.set('key', Buffer.from('of the one'), 60_000)
  await meet('both have written')
})

test('is flushed', async ({ store }) => {
  expect(await store.get('key')).toBeUndefined()
  await meet('one was flushed')
})
