import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { Milliseconds, TransientStore } from '@transient/core/store'
import type { StoreHarness, StoreUnderTest } from './store-harness.ts'

/** What a test of the suite works with. */
export interface Subject {
  readonly store: TransientStore
  /** Another client of the same data. */
  peer(): Promise<TransientStore>
  /** Lets time pass for the store: `span` and what the harness says it may be late; on a real clock perhaps more. */
  elapse(span: Milliseconds): Promise<void>
  /** Asserts what is left of a key's life. */
  assertLife(key: string, expected: Milliseconds | undefined): Promise<void>
  outage(): { begin(): Promise<void>; end(): Promise<void> }
}

/** A view of a store: the suite runs on the store itself and on a part of it. */
export type View = (store: TransientStore) => TransientStore

// A busy machine may take this long between two calls. Lifetimes in the tests lie further apart.
const slack: Milliseconds = 10_000

/** Runs one test on a store of its own. */
export async function withSubject(
  harness: StoreHarness,
  view: View,
  test: (subject: Subject, raw: TransientStore) => Promise<void>,
): Promise<void> {
  const made = await harness.create()
  const peers: TransientStore[] = []
  async function end(): Promise<void> {
    for (const peer of peers) await peer.close()
    await made.dispose()
  }
  try {
    await test(subjectOf(harness, made, view, peers), made.store)
  } catch (error) {
    // Of a store that fails, the end may fail too: what came first says why.
    await end().catch(() => {})
    throw error
  }
  await end()
}

function subjectOf(harness: StoreHarness, made: StoreUnderTest, view: View, peers: TransientStore[]): Subject {
  const store = view(made.store)
  const fake = harness.clock === 'fake'
  const resolution = harness.resolution ?? (fake ? 0 : 15)

  return {
    store,
    async peer() {
      assert.ok(made.peer, "a harness with atomicity 'shared' has peer()")
      const peer = await made.peer()
      peers.push(peer)
      return view(peer)
    },
    async elapse(span) {
      if (!fake) return wait(span + resolution)
      assert.ok(made.advance, "a harness with a 'fake' clock has advance()")
      await made.advance(span + resolution)
    },
    async assertLife(key, expected) {
      const [left] = await store.ttl([key])
      if (expected === undefined || expected === Number.POSITIVE_INFINITY) return assert.equal(left, expected)
      assert.ok(left !== undefined, 'the key is there')
      // Clocks add the life to the hour of the day: near the end of the safe integers that costs the last digit.
      const rounding = expected > 2 ** 52 ? 2 : 0
      const least = expected - rounding - (fake ? resolution : slack)
      const most = expected + rounding + resolution
      assert.ok(left >= least && left <= most, `${left} ms are left of its life, expected ${expected} ms`)
    },
    outage() {
      assert.ok(made.outage, 'a harness that declares an outage has outage')
      return made.outage
    },
  }
}
