import { describe, expect, test } from 'vitest'
import { copyOf, frozenCopyOf } from '../src/lib/session/copy.ts'

class Money {
  cents = 5
}

const original = () => ({
  list: [1, { a: [2] }],
  at: new Date(7),
  none: null,
  bare: Object.assign(Object.create(null) as object, { b: 1 }),
  ['__proto__' as string]: undefined,
})

describe('a copy', () => {
  test('has the same content, and shares none of it', () => {
    const value = original()
    const copy = copyOf(value) as typeof value
    expect(copy).toEqual(value)
    ;(copy.list[1] as { a: number[] }).a.push(3)
    copy.at.setTime(8)
    Object.assign(copy.bare, { b: 2 })
    expect(value).toEqual(original())
  })

  test('has __proto__ as a name like any other', () => {
    const value = JSON.parse('{"__proto__":{"isAdmin":true}}') as object
    for (const copy of [copyOf(value), frozenCopyOf(value)] as { isAdmin?: boolean }[]) {
      expect(copy.isAdmin).toBeUndefined()
      expect(JSON.stringify(copy)).toBe('{"__proto__":{"isAdmin":true}}')
    }
  })

  test('is the same for what is no data: texts, functions, objects of a class', () => {
    const call = () => {}
    const money = new Money()
    for (const value of ['text', 5, true, null, undefined, 5n, call, money]) expect(copyOf(value)).toBe(value)
    expect((copyOf({ money }) as { money: Money }).money).toBe(money)
  })
})

describe('a frozen copy', () => {
  test('cannot be changed, however deep, and leaves the original as it was', () => {
    const value = original()
    const copy = frozenCopyOf(value) as typeof value
    expect(copy).toEqual(value)
    expect(() => copy.list.push(3)).toThrow(TypeError)
    expect(() => (copy.list[1] as { a: number[] }).a.push(3)).toThrow(TypeError)
    expect(() => Object.assign(copy.bare, { b: 2 })).toThrow(TypeError)
    copy.at.setTime(8)
    value.list.push(3)
    expect(value.at.getTime()).toBe(7)
  })

  test('of an object of a class is its JSON form', () => {
    const copy = frozenCopyOf({ money: new Money() }) as { money: Money }
    expect(copy).toEqual({ money: { cents: 5 } })
    expect(() => copy.money.cents++).toThrow(TypeError)
  })
})
