import type { StoreChange } from '@transient/core/store'
import { expect, test } from 'vitest'
import { createWatchers } from '../src/lib/watchers.ts'

test('nobody is told anything whose watch has ended, whatever the order, and an end may be repeated', () => {
  const watchers = createWatchers()
  const told: string[] = []
  const ends = ['', 'a', 'a', 'ab', 'b'].map((prefix, index) => watchers.add(prefix, () => void told.push(`${index}`)))
  for (const end of [...ends.slice(2), ...ends.slice(2)]) end()
  watchers.changed(['ab', 'b'])
  expect(told.splice(0)).toEqual(['0', '1'])
  watchers.clear()
  watchers.add('a', () => void told.push('after'))
  for (const end of ends) end()
  watchers.changed(['ab', 'b'])
  watchers.gap()
  expect(told).toEqual(['after', 'after'])
})

test('a listener that ends another watch in the same round keeps it from being told', () => {
  const watchers = createWatchers()
  const told: string[] = []
  const ends: (() => void)[] = []
  watchers.add('a', () => {
    told.push('first')
    for (const end of ends) end()
  })
  ends.push(watchers.add('a', () => void told.push('second')))
  watchers.gap()
  expect(told).toEqual(['first'])
})

test('each watcher gets those of the keys that begin with its prefix, in one report', () => {
  const watchers = createWatchers()
  const told: StoreChange[] = []
  for (let index = 0; index < 1000; index += 1)
    watchers.add(`lease:${String(index).padStart(4, '0')}`, (change) => void told.push(change))
  watchers.changed(['lease:0007', 'lease:000', 'lease:00077', 'other'])
  expect(told).toEqual([{ type: 'changed', keys: ['lease:0007', 'lease:00077'] }])
})
