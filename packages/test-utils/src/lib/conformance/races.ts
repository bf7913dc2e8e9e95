import assert from 'node:assert/strict'
import type { TransientStore } from '@transient/core/store'
import { assertBytes, bytes } from './bytes.ts'
import { minute } from './lifetimes.ts'
import type { Subject } from './subject.ts'
import type { TestGroup } from './test-group.ts'

const runners = 100
const value = bytes('value')

export const raceTests: TestGroup = {
  name: 'races',
  declare(it, harness) {
    /** Starts all runners in one go, spread over several clients where the store is shared. */
    async function race<T>(subject: Subject, run: (store: TransientStore, index: number) => Promise<T>): Promise<T[]> {
      const clients = [subject.store]
      if (harness.atomicity === 'shared') for (let more = 0; more < 3; more += 1) clients.push(await subject.peer())
      // The barrier: each client has answered once, so none of them starts later because it has to connect.
      await Promise.all(clients.map((client) => client.get('barrier')))
      return Promise.all(
        Array.from({ length: runners }, (_, index) => run(clients[index % clients.length] as TransientStore, index)),
      )
    }

    it('of 100 concurrent takes exactly one gets the value', async (subject) => {
      await subject.store.set('key', value, minute)
      const taken = await race(subject, (store) => store.take('key'))
      const winners = taken.filter((got) => got !== undefined)
      assert.equal(winners.length, 1)
      assertBytes(winners[0], value)
      assertBytes(await subject.store.get('key'), undefined)
    })

    it('of 100 concurrent creations exactly one succeeds, and its value stays', async (subject) => {
      const created = await race(subject, (store, index) => store.compareAndSet('key', null, bytes(`${index}`), minute))
      assert.equal(created.filter(Boolean).length, 1)
      assertBytes(await subject.store.get('key'), `${created.indexOf(true)}`)
    })

    it('of 100 concurrent replacements exactly one succeeds, and its value stays', async (subject) => {
      await subject.store.set('key', value, minute)
      const replaced = await race(subject, (store, index) =>
        store.compareAndSet('key', value, bytes(`${index}`), index % 2 === 0 ? minute : 'keep'),
      )
      assert.equal(replaced.filter(Boolean).length, 1)
      assertBytes(await subject.store.get('key'), `${replaced.indexOf(true)}`)
    })

    it('of 100 concurrent replacements by stamp exactly one succeeds', async (subject) => {
      await subject.store.set('key', bytes('AAAA old'), minute)
      const replaced = await race(subject, (store, index) => {
        const next = bytes(`${String(index).padStart(4, '0')} new`)
        return store.compareAndSet('key', bytes('AAAA'), next, minute, { stamp: 4 })
      })
      assert.equal(replaced.filter(Boolean).length, 1)
      assertBytes(await subject.store.get('key'), `${String(replaced.indexOf(true)).padStart(4, '0')} new`)
    })

    it('of 100 concurrent deletions of what was expected exactly one succeeds', async (subject) => {
      await subject.store.set('key', value, minute)
      const deleted = await race(subject, (store) => store.compareAndSet('key', value, null))
      assert.equal(deleted.filter(Boolean).length, 1)
    })

    it('of 100 concurrent takes and replacements exactly one succeeds', async (subject) => {
      await subject.store.set('key', value, minute)
      const outcomes = await race(subject, async (store, index) =>
        index % 2 === 0
          ? (await store.take('key')) !== undefined && 'taken'
          : (await store.compareAndSet('key', value, bytes('new'), minute)) && 'replaced',
      )
      // Whoever takes after a replacement takes the new value: one of each kind at most, and at least one.
      const won = outcomes.filter((outcome) => outcome !== false)
      assert.equal(won.filter((outcome) => outcome === 'taken').length, 1)
      assert.ok(won.filter((outcome) => outcome === 'replaced').length <= 1)
      assertBytes(await subject.store.get('key'), undefined)
    })

    it('of 100 concurrent deletes exactly one counts the key', async (subject) => {
      await subject.store.set('key', value, minute)
      const counts = await race(subject, (store) => store.delete('key'))
      assert.equal(
        counts.reduce((sum, count) => sum + count),
        1,
      )
    })

    it('100 concurrent increments add up, and hand out each number once', async (subject) => {
      const counters = await race(subject, (store) => store.increment('key', 1, minute))
      const numbers = counters.map((counter) => counter.value).sort((one, two) => one - two)
      assert.deepEqual(
        numbers,
        Array.from({ length: runners }, (_, index) => index + 1),
      )
      assertBytes(await subject.store.get('key'), `${runners}`)
    })

    it('100 writers that compare, set and try again lose nothing', async (subject) => {
      await subject.store.set('key', bytes('0'), minute)
      await race(subject, async (store) => {
        for (;;) {
          const read = (await store.get('key')) as Uint8Array
          const next = bytes(`${Number(Buffer.from(read).toString()) + 1}`)
          if (await store.compareAndSet('key', read, next, 'keep')) return
        }
      })
      assertBytes(await subject.store.get('key'), `${runners}`)
    })

    it('a compareAndSet that races a delete never brings the key back', async (subject) => {
      const keys = Array.from({ length: runners }, (_, index) => `key ${index >> 1}`)
      await subject.store.setMany(keys.map((key) => ({ key, value, ttl: minute })))
      await race(subject, async (store, index) => {
        const key = keys[index] as string
        if (index % 2 === (index >> 1) % 2) await store.delete(key)
        else await store.compareAndSet(key, value, bytes('back'), minute)
      })
      for (const left of await subject.store.getMany(keys)) assertBytes(left, undefined)
    })

    it('a touch that races a delete never brings the key back', async (subject) => {
      const keys = Array.from({ length: runners }, (_, index) => `key ${index >> 1}`)
      await subject.store.setMany(keys.map((key) => ({ key, value, ttl: minute })))
      await race(subject, async (store, index) => {
        const key = keys[index] as string
        if (index % 2 === (index >> 1) % 2) await store.delete(key)
        else await ((index >> 2) % 2 === 0 ? store.touch(key, minute) : store.get(key, { touch: minute }))
      })
      for (const left of await subject.store.getMany(keys)) assertBytes(left, undefined)
    })

    it('of 100 concurrent sets one stays, whole', async (subject) => {
      await race(subject, (store, index) => store.set('key', new Uint8Array(10_000).fill(index), minute))
      const read = await subject.store.get('key')
      assert.ok(read !== undefined)
      assertBytes(read, new Uint8Array(10_000).fill(read[0] as number))
    })
  },
}
