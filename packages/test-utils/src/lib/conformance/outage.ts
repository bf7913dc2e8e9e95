import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { TransientStore } from '@transient/core/store'
import { assertBytes, bytes } from './bytes.ts'
import { minute } from './lifetimes.ts'
import { assertTransientError } from './rejections.ts'
import type { TestGroup } from './test-group.ts'
import { everyAbility, everyEmptyBatch, everyVerb } from './verbs.ts'

const codes = ['unavailable', 'timeout'] as const

/** Asks until the store answers: how long it takes to come back is the store's business, within four seconds. */
async function recovered(store: TransientStore): Promise<void> {
  for (const end = Date.now() + 4000; ; ) {
    try {
      await store.get('key')
      return
    } catch (error) {
      if (Date.now() > end) throw error
      await wait(10)
    }
  }
}

export const outageTests: TestGroup = {
  name: 'outage',
  declare(it, harness) {
    if (!harness.outage) return

    it('every verb rejects with unavailable or timeout, and none hangs', async ({ store, outage }) => {
      await store.set('key', bytes('value'), minute)
      await outage().begin()
      try {
        const calls = everyVerb(store)
        const outcomes = await Promise.allSettled(calls.map(({ call }) => call()))
        outcomes.forEach((outcome, index) => {
          const { operation, key } = calls[index] as (typeof calls)[number]
          assert.equal(outcome.status, 'rejected', `${operation} rejects`)
          assertTransientError(outcome.status === 'rejected' && outcome.reason, {
            code: codes,
            operation,
            ...(key === undefined ? {} : { key }),
          })
        })
      } finally {
        await outage().end()
      }
    })

    it('every write says whether it may have been applied, and no read does', async ({ store, outage }) => {
      await store.get('key')
      await outage().begin()
      try {
        const calls = everyVerb(store)
        const outcomes = await Promise.allSettled(calls.map(({ call }) => call()))
        outcomes.forEach((outcome, index) => {
          const applied = calls[index]?.writes ? 'either' : 'absent'
          assertTransientError(outcome.status === 'rejected' && outcome.reason, { code: codes, applied })
        })
      } finally {
        await outage().end()
      }
    })

    it('every ability rejects with unavailable or timeout', async ({ store, outage }) => {
      await store.get('key')
      await outage().begin()
      try {
        const outcomes = await Promise.allSettled(everyAbility(store).map(({ call }) => call()))
        for (const outcome of outcomes) {
          assertTransientError(outcome.status === 'rejected' && outcome.reason, { code: codes })
        }
      } finally {
        await outage().end()
      }
    })

    it('an empty batch costs nothing: it is answered all the same', async ({ store, outage }) => {
      await outage().begin()
      try {
        for (const { call } of everyEmptyBatch(store)) await call()
      } finally {
        await outage().end()
      }
    })

    it('is over when it is over: the same store works again', async ({ store, outage }) => {
      await store.set('key', bytes('value'), minute)
      await outage().begin()
      await assert.rejects(store.get('key'))
      await outage().end()
      await recovered(store)
      await store.set('key', bytes('after'), minute)
      assertBytes(await store.get('key'), 'after')
      assert.equal(await store.compareAndSet('key', bytes('after'), bytes('1'), 'keep'), true)
      assert.equal((await store.increment('key', 1, minute)).value, 2)
    })

    it('does not keep a store from being closed', async ({ store, outage }) => {
      await store.get('key')
      await outage().begin()
      try {
        await store.close()
        const error: unknown = await store.get('key').catch((reason: unknown) => reason)
        assertTransientError(error, { code: 'closed' })
      } finally {
        await outage().end()
      }
    })
  },
}
