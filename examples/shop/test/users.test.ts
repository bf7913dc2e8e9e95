import { createMemoryStore } from '@transient/memory'
import { expect, it } from 'vitest'
import { createUsers, type Proof } from '../src/users.ts'

const day = 24 * 3_600_000

it('knows the passwords of the demonstration, in any way to type them, and no others', async () => {
  const users = createUsers(createMemoryStore())
  expect(await users.check('asa', 'blåsippa')).toMatchObject({ id: 'asa', name: 'Åsa' })
  expect(await users.check('asa', 'blåsippa'.normalize('NFD'))).toMatchObject({ id: 'asa' })
  for (const [id, password] of [
    ['asa', 'copper-kettle'],
    ['asa', ''],
    ['', ''],
    ['nobody', 'blåsippa'],
    ['__proto__', 'blåsippa'],
  ] as const)
    expect(await users.check(id, password)).toBeUndefined()
})

it('a password that was changed counts in every process, and for a day', async () => {
  let time = 0
  const store = createMemoryStore({ now: () => time })
  const here = createUsers(store)
  const there = createUsers(store)
  const proof = (await here.check('asa', 'blåsippa')) as Proof
  expect(await here.changePassword(proof, 'four new pots')).toBe(true)
  expect(await there.check('asa', 'blåsippa')).toBeUndefined()
  expect(await there.check('asa', 'four new pots')).toMatchObject({ id: 'asa' })
  expect([await there.isCurrent(proof), (await there.check('omar', 'copper-kettle'))?.id]).toEqual([false, 'omar'])
  time += day
  expect(await there.check('asa', 'four new pots')).toBeUndefined()
  expect([await there.isCurrent(proof), (await there.check('asa', 'blåsippa'))?.id]).toEqual([true, 'asa'])
})

it('of changes at the same moment one counts', async () => {
  const users = createUsers(createMemoryStore())
  for (const before of ['blåsippa', 'new password 0']) {
    const proof = (await users.check('asa', before)) as Proof
    const outcomes = await Promise.all([0, 1, 2, 3].map((n) => users.changePassword(proof, `new password ${n}`)))
    expect(outcomes.filter(Boolean)).toHaveLength(1)
    const winner = (await users.check('asa', `new password ${outcomes.indexOf(true)}`)) as Proof
    expect(await users.isCurrent(winner)).toBe(true)
    await users.changePassword(winner, 'new password 0')
  }
})
