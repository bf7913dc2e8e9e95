import { expect, test } from 'vitest'
import { createWatchers } from '../src/lib/watchers.ts'

const listener = () => undefined

test('nobody is left when the last watch has ended, whatever the order', async () => {
  const watchers = createWatchers()
  expect(watchers.any()).toBe(false)
  const handles = ['', 'a', 'a', 'ab', 'b'].map((prefix) => watchers.add(prefix, listener))
  for (const handle of [...handles.slice(2), ...handles.slice(2), ...handles.slice(0, 2)]) {
    expect(watchers.any()).toBe(true)
    await handle[Symbol.asyncDispose]()
  }
  expect(watchers.any()).toBe(false)
})

test('nobody is left when all are cleared, and a handle disposed later does no harm', async () => {
  const watchers = createWatchers()
  const handle = watchers.add('a', listener)
  watchers.add('', listener)
  watchers.clear()
  expect(watchers.any()).toBe(false)
  watchers.add('a', listener)
  await handle[Symbol.asyncDispose]()
  expect(watchers.any()).toBe(true)
})

test('a thousand watched keys cost one look at each length of prefix', () => {
  const watchers = createWatchers()
  const told: string[] = []
  const names = Array.from({ length: 1000 }, (_, index) => `lease:${String(index).padStart(4, '0')}`)
  for (const name of names)
    watchers.add(name, (change) => {
      if (change.type === 'changed') told.push(`${name} ${change.keys.join()}`)
    })
  watchers.changed(['lease:0007', 'lease:000', 'lease:00077', 'other'])
  expect(told).toEqual(['lease:0007 lease:0007,lease:00077'])
})
