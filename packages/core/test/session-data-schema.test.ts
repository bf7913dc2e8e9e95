import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { createSessionData } from '../src/lib/session/session-data.ts'
import { createFieldValidator } from '../src/lib/session/session-schema.ts'

const at = '2026-03-01T12:00:00.000Z'
const toDate = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((text) => new Date(text)),
)
const shop = v.looseObject({
  cart: v.optional(v.array(v.string())),
  user: v.optional(v.string()),
  at: v.optional(toDate),
  visits: v.optional(v.number(), 0),
  tags: v.optional(v.array(v.string()), ['new']),
})

interface Shop {
  cart?: string[]
  user?: string
  at?: Date
  visits?: number
  tags?: string[]
  [name: string]: unknown
}

function texts(stored: Record<string, unknown>) {
  return new Map(Object.entries(stored).map(([name, value]) => [name, JSON.stringify(value)]))
}

function data(stored: Record<string, unknown> | Map<string, string>) {
  const corrupt: string[] = []
  const invalid: (string | undefined)[] = []
  const made = createSessionData(stored instanceof Map ? stored : texts(stored), (name) => corrupt.push(name), {
    validate: createFieldValidator(shop),
    onInvalid: (field) => invalid.push(field),
  })
  return { ...made, fields: made.fields as Shop, corrupt, invalid, changes: () => [...made.takeChanges()] }
}

describe('session data with a schema', () => {
  test('shows what the schema makes of it, which is no change', () => {
    const { fields, changes, invalid } = data({ cart: ['apple'], at })
    expect(fields.at).toEqual(new Date(at))
    expect({ ...fields }).toEqual({ cart: ['apple'], at: new Date(at), visits: 0, tags: ['new'] })
    expect(Object.keys(fields).sort()).toEqual(['at', 'cart', 'tags', 'visits'])
    expect('visits' in fields && 'at' in fields && !('user' in fields)).toBe(true)
    expect(changes()).toEqual([])
    expect(invalid).toEqual([])
  })

  test('notices what is changed then, in outputs and in defaults', () => {
    const { fields, changes } = data({ at })
    fields.at?.setUTCFullYear(2027)
    fields.tags?.push('mine')
    fields.visits = (fields.visits ?? 0) + 1
    expect(changes()).toEqual([
      ['at', '"2027-03-01T12:00:00.000Z"'],
      ['tags', '["new","mine"]'],
      ['visits', '1'],
    ])
    expect(changes()).toEqual([])
  })

  test('sees no change in a field that is set to what it shows already', () => {
    const { fields, changes } = data({ at, user: 'Åsa' })
    fields.visits = 0
    fields.at = new Date(at)
    fields.user = 'Åsa'
    expect(changes()).toEqual([])
  })

  test('sets a bad field aside: it is absent, told of once, and no change', () => {
    const { fields, changes, invalid, corrupt } = data({ cart: 'apple', user: 'Åsa' })
    expect(invalid).toEqual(['cart'])
    expect([fields.cart, fields.cart, 'cart' in fields, fields.user]).toEqual([undefined, undefined, false, 'Åsa'])
    expect(Object.keys(fields)).not.toContain('cart')
    fields.user = 'Örjan'
    expect(changes()).toEqual([['user', '"Örjan"']])
    expect([invalid, corrupt]).toEqual([['cart'], []])
  })

  test('a bad field that is set, or deleted, is a change, whether it was looked at before or not', () => {
    for (const look of [true, false]) {
      for (const [set, text] of [
        [['pear'], '["pear"]'],
        [undefined, undefined],
      ] as [string[]?, string?][]) {
        const { fields, changes } = data({ cart: 'apple' })
        if (look) expect(fields.cart).toBeUndefined()
        if (set === undefined) delete fields.cart
        else fields.cart = set
        expect(fields.cart).toEqual(set)
        expect(changes()).toEqual([['cart', text]])
      }
      const { fields, changes } = data({ cart: 'apple' })
      if (look) expect(Object.keys(fields)).not.toContain('cart')
      Object.assign(fields, { cart: undefined })
      expect(changes()).toEqual([['cart', undefined]])
      expect(changes()).toEqual([])
    }
  })

  test('has a damaged field removed by the next commit, as without a schema', () => {
    const { fields, changes, corrupt, invalid } = data(
      new Map([
        ['cart', '{oops'],
        ['user', '"Åsa"'],
      ]),
    )
    expect([fields.cart, fields.user]).toEqual([undefined, 'Åsa'])
    expect([corrupt, invalid]).toEqual([['cart'], []])
    expect(changes()).toEqual([['cart', undefined]])
  })

  test('validates what others stored meanwhile, and leaves alone what the application has in its hands', () => {
    const { fields, rebase, invalid, changes } = data({ user: 'Åsa', cart: ['mine'] })
    expect(fields.cart).toEqual(['mine'])
    rebase(texts({ user: 5, cart: ['theirs'], at, more: 1 }))
    expect({ ...fields }).toEqual({ cart: ['mine'], at: new Date(at), visits: 0, tags: ['new'], more: 1 })
    expect(invalid).toEqual(['user'])
    rebase(texts({ user: 6 }))
    expect(fields.user).toBeUndefined()
    expect(invalid).toEqual(['user'])
    expect(changes()).toEqual([])
  })

  test('gives the value of one field among others as it would show it', () => {
    const { valueIn, invalid } = data({})
    expect(valueIn(texts({ at }), 'at')).toEqual(new Date(at))
    expect(valueIn(texts({}), 'visits')).toBe(0)
    expect(valueIn(texts({ user: 5 }), 'user')).toBeUndefined()
    expect(invalid).toEqual(['user'])
  })

  test('replace shows the output of what was stored, and no default for what was removed', () => {
    const { fields, replace, changes } = data({ user: 'Åsa' })
    expect(replace('at', JSON.stringify(at))).toEqual(new Date(at))
    expect(fields.at).toEqual(new Date(at))
    expect(fields.visits).toBe(0)
    expect(replace('visits', undefined)).toBeUndefined()
    expect('visits' in fields).toBe(false)
    // What the schema refuses is shown to the one who stored it, and set aside for the next request.
    expect(replace('user', '5')).toBe(5)
    expect(changes()).toEqual([])
  })

  test('sealed, hands out dates that are dates, and nothing to change', () => {
    const { fields, seal } = data({ at, cart: ['apple'] })
    seal()
    fields.at?.setUTCFullYear(2027)
    expect(fields.at).toEqual(new Date(at))
    expect(() => fields.cart?.push('pear')).toThrow(TypeError)
    expect(() => (fields.visits = 5)).toThrow(expect.objectContaining({ code: 'session-sealed' }))
  })

  test('does not call a field of the system, or an unknown one, invalid', () => {
    const { fields, invalid, changes } = data(
      new Map([
        ['\0flash:', '[]'],
        ['\0end:user', '99'],
        ['more', '1'],
      ]),
    )
    expect({ ...fields }).toEqual({ more: 1, visits: 0, tags: ['new'] })
    expect(invalid).toEqual([])
    expect(changes()).toEqual([])
  })
})

describe('the fields of the system', () => {
  const system = '\0flash:'
  const stored = () =>
    new Map([
      [system, '[{"kind":"info","message":"hi"}]'],
      ['\0end:a', '99'],
      ['a', '1'],
    ])

  test.each([true, false])('are not seen, with a schema: %s', (isValidated) => {
    const { fields, takeChanges } = isValidated ? data(stored()) : createSessionData(stored(), () => {})
    expect(fields[system]).toBeUndefined()
    expect(system in fields).toBe(false)
    expect(Object.keys(fields).filter((name) => name.startsWith('\0'))).toEqual([])
    expect(Object.getOwnPropertyDescriptor(fields, system)).toBeUndefined()
    expect(JSON.stringify(fields)).not.toContain('flash')
    expect(takeChanges().size).toBe(0)
  })

  test.each([system, '\0', '\0end:a'])('cannot be set, deleted or defined by the application: %j', (name) => {
    const { fields, takeChanges } = createSessionData(stored(), () => {})
    const edits = [
      () => (fields[name] = 1),
      () => delete fields[name],
      () => Object.assign(fields, { [name]: 1 }),
      () => Object.defineProperty(fields, name, { value: 1, configurable: true }),
    ]
    for (const edit of edits)
      expect(edit).toThrow(expect.objectContaining({ name: 'TypeError', code: 'invalid-argument' }))
    expect(takeChanges().size).toBe(0)
  })

  test('that the session itself assigns are stored, and stay unseen', () => {
    const { fields, assign, takeChanges } = createSessionData(stored(), () => {})
    assign('\0end:a', 100)
    expect('\0end:a' in fields || Object.keys(fields).includes('\0end:a')).toBe(false)
    expect([...takeChanges()]).toEqual([['\0end:a', '100']])
  })
})
