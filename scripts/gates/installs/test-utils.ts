import assert from 'node:assert/strict'
import { utf8 } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore as sameFunction } from '@transient/test-utils'
import { runStoreConformance, type TestRunner } from '@transient/test-utils/conformance'
import { createFaultyStore } from '@transient/test-utils/faults'
import { startRedis } from '@transient/test-utils/redis'
import type { RedisFixtures } from '@transient/test-utils/vitest'

/** A test runner of four lines: the suite needs no more than this. */
const tests: (() => Promise<void>)[] = []
const runner: TestRunner = {
  describe: (_name, body) => body(),
  it: (_name, test) => tests.push(test),
}

async function main(): Promise<void> {
  runStoreConformance(runner, {
    name: 'memory',
    atomicity: 'process',
    inspectable: true,
    watchable: true,
    clock: 'real',
    outage: false,
    create: async () => {
      const store = createMemoryStore()
      return { store, dispose: () => store.close() }
    },
  })
  if (tests.length < 50) throw new Error('where is the suite?')
  for (const test of tests) await test()

  assert.equal(createFaultyStore, sameFunction)
  const faulty: RedisFixtures['store'] = createFaultyStore(createMemoryStore())
  await faulty.set('key', utf8.encode('ÅÄÖ'), 10_000)
  console.log(utf8.decode((await faulty.get('key')) ?? new Uint8Array()))

  const server = await startRedis()
  await server.stop()
}

void main()
