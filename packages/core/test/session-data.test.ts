import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createSessionData } from '../src/lib/session/session-data.ts'
import { caught } from './caught.ts'

interface Fields {
  [name: string]: unknown
  cart: string[]
  list: number[]
  deep: { a: { b: { c: number }[] } }
  point: { x: number }
  box: { items: string[] }
}

function data(stored: Record<string, unknown> | Map<string, string> = {}) {
  const fields =
    stored instanceof Map
      ? stored
      : new Map(Object.entries(stored).map(([name, value]) => [name, JSON.stringify(value)]))
  const corrupt: string[] = []
  const made = createSessionData(fields, (name) => corrupt.push(name))
  return { ...made, fields: made.fields as Fields, corrupt, changes: () => [...made.takeChanges()] }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('session data', () => {
  test('shows the fields, and undefined for what is not there', () => {
    const { fields } = data({ user: 'Åsa', n: 0, empty: '', no: null })
    expect(fields['user']).toBe('Åsa')
    expect([fields['n'], fields['empty'], fields['no'], fields['gone']]).toEqual([0, '', null, undefined])
  })

  test('notices a set field, a new one, a deleted one, and one that is set to undefined', () => {
    const { fields, changes } = data({ a: 1, b: 2, c: 3, d: 4 })
    fields['a'] = 10
    fields['e'] = 5
    delete fields['b']
    fields['c'] = undefined
    expect(changes()).toEqual([
      ['a', '10'],
      ['e', '5'],
      ['b', undefined],
      ['c', undefined],
    ])
    expect(changes()).toEqual([])
  })

  test('a removed field is gone from in, Object.keys and the spread at once', () => {
    const { fields } = data({ a: 1, b: 2, c: 3 })
    delete fields['a']
    fields['b'] = undefined
    expect('a' in fields || 'b' in fields).toBe(false)
    expect(Object.keys(fields)).toEqual(['c'])
    expect({ ...fields }).toEqual({ c: 3 })
    expect(JSON.stringify(fields)).toBe('{"c":3}')
  })

  test('notices edits inside a field, however deep', () => {
    const { fields, changes } = data({ cart: ['apple'], deep: { a: { b: [{ c: 1 }] } }, other: [1] })
    fields.cart.push('pear')
    fields.deep.a.b[0] = { c: 2 }
    expect(fields['other']).toEqual([1])
    expect(changes()).toEqual([
      ['cart', '["apple","pear"]'],
      ['deep', '{"a":{"b":[{"c":2}]}}'],
    ])
  })

  test('notices edits inside a value that was reached by a spread, values, entries or destructuring', () => {
    for (const reach of [
      (fields: Fields) => ({ ...fields }).cart,
      (fields: Fields) => Object.values(fields)[0],
      (fields: Fields) => Object.entries(fields)[0]?.[1],
      ({ cart }: Fields) => cart,
      (fields: Fields) => Object.getOwnPropertyDescriptor(fields, 'cart')?.value as unknown,
    ]) {
      const { fields, changes } = data({ cart: ['apple'] })
      ;(reach(fields) as string[]).push('pear')
      expect(changes()).toEqual([['cart', '["apple","pear"]']])
    }
  })

  test('sees no change in what was only read, or changed and changed back', () => {
    const { fields, changes } = data({ a: 1, list: [1, 2], text: 'x' })
    expect([
      fields['a'],
      fields.list,
      fields['text'],
      fields['none'],
      'a' in fields,
      Object.keys(fields).length,
    ]).toBeTruthy()
    fields.list.push(3)
    fields.list.pop()
    fields['a'] = 2
    fields['a'] = 1
    fields['new'] = 1
    delete fields['new']
    fields['absent'] = undefined
    delete fields['gone']
    expect(changes()).toEqual([])
  })

  test('in, Object.keys, the spread and JSON.stringify know what is stored and what was set', () => {
    const { fields } = data({ a: 1, b: { c: 2 } })
    fields['d'] = 3
    expect('a' in fields && 'd' in fields && !('e' in fields)).toBe(true)
    expect(Object.keys(fields)).toEqual(expect.arrayContaining(['a', 'b', 'd']))
    expect(Object.hasOwn(fields, 'b')).toBe(true)
    expect({ ...fields }).toEqual({ a: 1, b: { c: 2 }, d: 3 })
    expect(JSON.parse(JSON.stringify(fields))).toEqual({ a: 1, b: { c: 2 }, d: 3 })
    expect(Object.assign({}, fields)).toEqual({ a: 1, b: { c: 2 }, d: 3 })
  })

  test('takes Object.assign and Object.defineProperty', () => {
    const { fields, changes } = data()
    Object.assign(fields, { a: 1, b: 2 })
    Object.defineProperty(fields, 'c', { value: 3, writable: true, enumerable: true, configurable: true })
    expect(changes()).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ])
    expect(() => Object.defineProperty(fields, 'd', { get: () => 1 })).toThrow(TypeError)
  })

  test('console.log shows the fields, also those that nobody asked for yet', () => {
    const { fields } = data({ user: 'Åsa', cart: ['apple'] })
    expect(inspect(fields)).toBe("{ user: 'Åsa', cart: [ 'apple' ] }")
    fields['n'] = 1
    expect(inspect({ session: fields })).toContain('n: 1')
  })

  test('parses a field when it is first asked for, and once', () => {
    const parse = vi.spyOn(JSON, 'parse')
    const { fields, changes } = data(
      new Map([
        ['a', '[1]'],
        ['b', '[2]'],
        ['c', '[3]'],
      ]),
    )
    expect(parse).not.toHaveBeenCalled()
    expect(fields['a']).toBe(fields['a'])
    expect(fields['b']).toEqual([2])
    changes()
    expect(parse.mock.calls.map(([text]) => text)).toEqual(['[1]', '[2]'])
  })

  test('compares only what the application has had in its hands', () => {
    const stringify = vi.spyOn(JSON, 'stringify')
    // Not as stringify would write it: compared, it would look changed.
    const { fields, changes } = data(
      new Map([
        ['a', '{"x": 1}'],
        ['b', '{"x":1}'],
        ['c', '1.0'],
        ['d', '"text"'],
      ]),
    )
    expect(fields['b']).toEqual({ x: 1 })
    expect(fields['d']).toBe('text')
    expect(changes()).toEqual([])
    expect(stringify).toHaveBeenCalledTimes(1)
    delete fields['c']
    expect(changes()).toEqual([['c', undefined]])
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'inspect'])(
    '%s is a field like any other, and pollutes nothing',
    (name) => {
      const { fields, changes } = data()
      expect(fields[name]).toBeUndefined()
      expect(name in fields).toBe(false)
      fields[name] = { isAdmin: true }
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
      expect(fields['isAdmin']).toBeUndefined()
      expect(Object.getPrototypeOf(fields)).toBeNull()
      expect(changes()).toEqual([[name, '{"isAdmin":true}']])
      const loaded = data(new Map([[name, '{"isAdmin":true}']]))
      expect(loaded.fields[name]).toEqual({ isAdmin: true })
      expect(loaded.fields['isAdmin']).toBeUndefined()
      expect(Object.keys(loaded.fields)).toEqual([name])
    },
  )

  test('its prototype cannot be set, and it cannot be frozen', () => {
    const { fields } = data()
    expect(() => Object.setPrototypeOf(fields, { isAdmin: true })).toThrow(TypeError)
    expect(() => Object.freeze(fields)).toThrow(TypeError)
    expect(() => Object.preventExtensions(fields)).toThrow(TypeError)
  })

  test('refuses symbols as names of fields', () => {
    const { fields } = data()
    for (const edit of [
      () => (fields[Symbol('s') as unknown as string] = 1),
      () => delete fields[Symbol('s') as unknown as string],
    ]) {
      const error = caught(edit)
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'invalid-argument' })
    }
    expect(fields[Symbol.iterator as unknown as string]).toBeUndefined()
  })

  const cycle: unknown[] = []
  cycle.push(cycle)
  test.each([
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['a BigInt', 5n],
    ['a cycle', cycle],
    ['a BigInt inside', { a: [5n] }],
  ])('refuses %s when changes are taken, naming the field, and takes none', (_, value) => {
    const { fields, changes } = data({ a: 1 })
    fields['a'] = 2
    fields['bad'] = value
    const error = caught(changes)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('session.data.bad') as string,
    })
    delete fields['bad']
    expect(changes()).toEqual([['a', '2']])
  })

  test('reports a field whose text is not JSON, once, shows it as absent, and removes it at the next commit', () => {
    const { fields, changes, corrupt } = data(
      new Map([
        ['bad', '{oops'],
        ['good', '1'],
      ]),
    )
    expect([fields['good'], corrupt.length]).toEqual([1, 0])
    expect([fields['bad'], fields['bad'], 'bad' in fields]).toEqual([undefined, undefined, false])
    expect(corrupt).toEqual(['bad'])
    expect(changes()).toEqual([['bad', undefined]])
  })

  test('leaves a damaged field that nobody asked for as it is', () => {
    const { fields, changes, corrupt } = data(
      new Map([
        ['bad', '{oops'],
        ['good', '1'],
      ]),
    )
    fields['good'] = 2
    expect(changes()).toEqual([['good', '2']])
    expect(corrupt).toEqual([])
  })

  test('changes that could not be stored are changes again', () => {
    const { fields, takeChanges, restoreChanges } = data({ a: 1, list: [1], gone: 1 })
    fields['a'] = 2
    fields.list.push(2)
    delete fields['gone']
    const taken = takeChanges()
    expect(takeChanges().size).toBe(0)
    restoreChanges(taken)
    expect(takeChanges()).toEqual(taken)
    // Also where they were changed back meanwhile: the first try may have been stored.
    restoreChanges(taken)
    fields['a'] = 1
    expect(takeChanges().get('a')).toBe('1')
  })

  test('a newer change of the same field is not undone by restoring an older one', () => {
    const { fields, takeChanges, restoreChanges } = data({ a: 1 })
    fields['a'] = 2
    const older = takeChanges()
    fields['a'] = 3
    takeChanges()
    restoreChanges(older)
    expect(takeChanges().size).toBe(0)
    expect(fields['a']).toBe(3)
  })

  test('takes in newer stored fields, except those the application has in its hands', () => {
    const { fields, rebase, changes } = data({ mine: 1, theirs: 1 })
    expect(fields['mine']).toBe(1)
    rebase(
      new Map([
        ['mine', '2'],
        ['theirs', '2'],
        ['new', '2'],
      ]),
    )
    expect([fields['mine'], fields['theirs'], fields['new']]).toEqual([1, 2, 2])
    expect(changes()).toEqual([])
  })

  test('replace shows the stored text of one field, or its absence', () => {
    const { fields, replace, changes } = data({ point: { x: 1 }, b: 1 })
    expect(fields.point.x).toBe(1)
    expect(replace('point', '{"x":2}')).toEqual({ x: 2 })
    expect(fields.point).toEqual({ x: 2 })
    expect(replace('b', undefined)).toBeUndefined()
    expect('b' in fields).toBe(false)
    expect(changes()).toEqual([])
    fields.point.x = 3
    expect(changes()).toEqual([['point', '{"x":3}']])
  })

  test('sealed, throws at every change, and hands out frozen values', () => {
    const { fields, seal, changes } = data({ a: 1, box: { items: ['apple'] } })
    fields['a'] = 2
    seal()
    const edits = [
      () => (fields['a'] = 3),
      () => delete fields['a'],
      () => Object.assign(fields, { b: 1 }),
      () => Object.defineProperty(fields, 'b', { value: 1, configurable: true }),
    ]
    for (const edit of edits) expect(caught(edit)).toMatchObject({ name: 'TransientError', code: 'session-sealed' })
    expect(() => fields.box.items.push('pear')).toThrow(TypeError)
    expect(() => (fields.box.items = [])).toThrow(TypeError)
    expect(() => ({ ...fields }).box.items.push('pear')).toThrow(TypeError)
    expect([fields['a'], fields.box.items]).toEqual([2, ['apple']])
    expect(changes()).toEqual([['a', '2']])
  })

  test('behaves as a plain object does, whatever is done to it', () => {
    const name = fc.constantFrom('a', 'b', '__proto__', '', 'toString')
    const step = fc.oneof(
      fc.tuple(fc.constant('set' as const), name, fc.jsonValue()),
      fc.tuple(fc.constant('delete' as const), name, fc.constant(null)),
      fc.tuple(fc.constant('read' as const), name, fc.constant(null)),
      fc.tuple(fc.constant('take' as const), name, fc.constant(null)),
    )
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue()), fc.array(step, { maxLength: 20 }), (start, steps) => {
        const model = new Map(Object.entries(start).map(([key, value]) => [key, JSON.stringify(value)]))
        const stored = new Map(model)
        const { takeChanges, ...made } = data(new Map(model))
        const fields: Record<string, unknown> = made.fields
        const store = () => {
          for (const [key, text] of takeChanges()) {
            if (text === undefined) stored.delete(key)
            else stored.set(key, text)
          }
        }
        for (const [kind, key, value] of steps) {
          if (kind === 'set') {
            fields[key] = value
            model.set(key, JSON.stringify(value))
          } else if (kind === 'delete') {
            delete fields[key]
            model.delete(key)
          } else if (kind === 'read') {
            expect(JSON.stringify(fields[key])).toBe(model.get(key))
          } else store()
        }
        store()
        expect(new Map([...stored].sort())).toEqual(new Map([...model].sort()))
        expect(Object.keys(fields).sort()).toEqual([...model.keys()].sort())
      }),
    )
  })
})
