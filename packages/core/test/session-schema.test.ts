import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { StandardIssue, StandardSchemaV1 } from '../src/lib/schema/standard-schema.ts'
import { createFieldValidator } from '../src/lib/session/session-schema.ts'
import { caught } from './caught.ts'

/** What a schema makes of these fields: what is shown, by name, and what is set aside. */
function seen(schema: StandardSchemaV1, fields: Record<string, unknown>) {
  const texts = Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)] as const)
  const { shown, invalid, error } = createFieldValidator(schema)(new Map(texts))
  return {
    values: Object.fromEntries(Array.from(shown, ([name, { value }]) => [name, value])),
    texts: Object.fromEntries(Array.from(shown, ([name, { text }]) => [name, text])),
    invalid,
    error,
  }
}

/** A schema of our own, for what no library does. */
function schemaOf(validate: (value: Record<string, unknown>) => unknown): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'test', validate: validate as () => never } }
}

function issue(...path: NonNullable<StandardIssue['path']>): StandardIssue {
  return { message: 'wrong', path }
}

const shops: [string, { required: StandardSchemaV1; optional: StandardSchemaV1; coercing: StandardSchemaV1 }][] = [
  [
    'zod',
    {
      required: z.object({ cart: z.array(z.string()), user: z.string(), visits: z.number().int() }),
      optional: z.object({ cart: z.array(z.string()), user: z.string(), visits: z.number().int() }).partial(),
      coercing: z.object({
        at: z.coerce.date().optional(),
        visits: z.number().default(0),
        user: z.string().optional(),
      }),
    },
  ],
  [
    'valibot',
    {
      required: v.object({ cart: v.array(v.string()), user: v.string(), visits: v.pipe(v.number(), v.integer()) }),
      optional: v.partial(
        v.object({ cart: v.array(v.string()), user: v.string(), visits: v.pipe(v.number(), v.integer()) }),
      ),
      coercing: v.object({
        at: v.optional(
          v.pipe(
            v.string(),
            v.isoTimestamp(),
            v.transform((text) => new Date(text)),
          ),
        ),
        visits: v.optional(v.number(), 0),
        user: v.optional(v.string()),
      }),
    },
  ],
  [
    'arktype',
    {
      required: type({ cart: 'string[]', user: 'string', visits: 'number.integer' }),
      optional: type({ 'cart?': 'string[]', 'user?': 'string', 'visits?': 'number.integer' }),
      coercing: type({ 'at?': 'string.date.iso.parse', visits: 'number = 0', 'user?': 'string' }),
    },
  ],
]

describe.each(shops)('a schema of %s', (_, { required, optional, coercing }) => {
  test('shows what is valid', () => {
    const all = { cart: ['apple'], user: 'Åsa', visits: 3 }
    for (const schema of [required, optional])
      expect(seen(schema, all)).toMatchObject({
        values: all,
        texts: { cart: '["apple"]', user: '"Åsa"', visits: '3' },
        invalid: [],
      })
  })

  test('has no issue with absent fields, whether they are required or not', () => {
    for (const schema of [required, optional]) {
      expect(seen(schema, {})).toMatchObject({ values: {}, invalid: [] })
      expect(seen(schema, { user: 'Åsa' })).toMatchObject({ values: { user: 'Åsa' }, invalid: [] })
    }
  })

  test('sets a bad field aside, however deep the fault is, and shows the others', () => {
    for (const schema of [required, optional]) {
      expect(seen(schema, { cart: ['apple', 5], user: 'Åsa', visits: 3 })).toMatchObject({
        values: { user: 'Åsa', visits: 3 },
        invalid: ['cart'],
      })
      const two = seen(schema, { cart: 'apple', user: 'Åsa', visits: 1.5 })
      expect(two.values).toEqual({ user: 'Åsa' })
      expect([...two.invalid].sort()).toEqual(['cart', 'visits'])
      expect(seen(schema, { cart: null, user: null, visits: null }).values).toEqual({})
    }
  })

  test('shows its output: what it coerces, and its defaults', () => {
    const at = new Date('2026-03-01T12:00:00.000Z')
    const made = seen(coercing, { at: at.toISOString() })
    expect(made.values).toEqual({ at, visits: 0 })
    expect(made.texts).toEqual({ at: '"2026-03-01T12:00:00.000Z"', visits: '0' })
    expect(seen(coercing, {}).values).toEqual({ visits: 0 })
    expect(seen(coercing, { at: 'yesterday', visits: 2, user: 'Åsa' })).toMatchObject({
      values: { visits: 2, user: 'Åsa' },
      invalid: ['at'],
    })
  })

  test('has a bad field replaced by nothing but its own default', () => {
    expect(seen(coercing, { visits: 'many' })).toMatchObject({ values: { visits: 0 }, invalid: ['visits'] })
  })
})

describe('a schema', () => {
  test('never sees the fields of the system, nor those whose text is damaged', () => {
    const given: unknown[] = []
    const validate = createFieldValidator(
      schemaOf((value) => {
        given.push(value)
        return { value: { ...value, '\0end:a': 5 } }
      }),
    )
    const { shown } = validate(
      new Map([
        ['a', '1'],
        ['bad', '{oops'],
        ['\0flash:', '[]'],
        ['\0end:a', '99'],
      ]),
    )
    expect(given).toEqual([{}, { a: 1 }])
    expect([...shown.keys()]).toEqual(['a'])
  })

  test.each(['__proto__', 'constructor', 'toString'])('sees %s as a field like any other', (name) => {
    const fields = new Map([[name, '{"isAdmin":true}']])
    const { shown } = createFieldValidator(
      schemaOf((value) => {
        expect((value as { isAdmin?: boolean }).isAdmin).toBeUndefined()
        return { value: Object.fromEntries(Object.entries(value)) }
      }),
    )(fields)
    expect(shown.get(name)).toEqual({ value: { isAdmin: true }, text: '{"isAdmin":true}' })
  })

  test('hides fields that it does not know, without calling them invalid', () => {
    expect(seen(z.object({ a: z.number().optional() }), { a: 1, b: 2 })).toMatchObject({
      values: { a: 1 },
      invalid: [],
    })
    expect(seen(z.looseObject({}), { b: 2 }).values).toEqual({ b: 2 })
  })

  test('that refuses the whole sets everything aside', () => {
    const less = z.object({ from: z.number(), to: z.number() }).refine(({ from, to }) => from < to)
    expect(seen(less, { from: 1, to: 2 }).invalid).toEqual([])
    expect(seen(less, { from: 2, to: 1 })).toMatchObject({ values: {}, invalid: 'all' })
    for (const issues of [[], [{ message: 'wrong' }], [issue('a'), issue()]])
      expect(
        seen(
          schemaOf(() => ({ issues })),
          { a: 1 },
        ),
      ).toMatchObject({ values: {}, invalid: 'all' })
  })

  test('that blames a field for another one sets that field aside', () => {
    const less = z
      .object({ from: z.number().optional(), to: z.number().optional() })
      .refine(({ from = 0, to = 0 }) => from <= to, { path: ['to'] })
    expect(seen(less, { from: 2, to: 1 })).toMatchObject({ values: { from: 2 }, invalid: ['to'] })
  })

  test('may name fields in any way that paths can', () => {
    for (const path of [['a'], [{ key: 'a' }], ['a', 0, 'x'], [{ key: 'a' }, { key: 1 }]] as StandardIssue['path'][])
      expect(
        seen(
          schemaOf((value) => ('a' in value ? { issues: [{ message: 'wrong', path }] } : { value })),
          { a: 1, b: 2 },
        ),
      ).toMatchObject({ values: { b: 2 }, invalid: ['a'] })
    const byNumber = schemaOf((value) => (5 in value ? { issues: [issue(5)] } : { value }))
    expect(seen(byNumber, { 5: 1, b: 2 })).toMatchObject({ values: { b: 2 }, invalid: ['5'] })
  })

  test('that finds one fault at a time is asked again until it finds none', () => {
    const picky = schemaOf((value) => {
      const bad = Object.keys(value).find((name) => name.startsWith('bad'))
      return bad === undefined ? { value } : { issues: [issue(bad)] }
    })
    const fields = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`bad${index}`, index]))
    expect(seen(picky, { ...fields, good: 1 })).toMatchObject({ values: { good: 1 } })
    expect(seen(picky, { ...fields, good: 1 }).invalid).toHaveLength(20)
  })

  test('is asked 32 times at most, then everything is set aside', () => {
    let asked = 0
    const endless = schemaOf((value) => {
      asked++
      return { issues: [issue(Object.keys(value)[0] ?? 'absent')] }
    })
    const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, index]))
    expect(seen(endless, fields)).toMatchObject({ values: {}, invalid: 'all' })
    // And once when it was given to us.
    expect(asked).toBe(1 + 32)
  })

  test('that changes what it is given harms neither another round nor what is shown as stored', () => {
    const meddling = (last: (value: object) => unknown) =>
      schemaOf((value) => {
        const isBad = 'bad' in value
        const result = isBad ? { issues: [issue('bad')] } : last({ ...value })
        for (const name of Object.keys(value)) if (name !== 'list') value[name] = 'changed'
        ;(value['list'] as unknown[] | undefined)?.push('changed')
        return result
      })
    const fields = { bad: 1, good: 2, list: [] }
    expect(
      seen(
        meddling(() => ({ issues: [issue('absent')] })),
        fields,
      ).values,
    ).toEqual({ good: 2, list: [] })
    const valid = meddling((value) => ({ value: structuredClone(value) }))
    expect(seen(valid, fields).values).toEqual({ good: 2, list: [] })
  })

  test('that throws sets everything aside, with the reason', () => {
    const error = new Error('reason')
    const throwing = v.object({
      a: v.pipe(
        v.number(),
        v.transform(() => {
          throw error
        }),
      ),
    })
    expect(seen(throwing, { a: 1 })).toEqual({ values: {}, texts: {}, invalid: 'all', error })
  })

  test('shares no default between visitors', () => {
    const tags: string[] = []
    const schema = v.object({ tags: v.optional(v.array(v.string()), tags), deep: v.optional(v.any(), { tags }) })
    const first = seen(schema, {}).values as { tags: string[]; deep: { tags: string[] } }
    first.tags.push('mine')
    first.deep.tags.push('mine')
    expect(tags).toEqual([])
    expect(seen(schema, {}).values).toEqual({ tags: [], deep: { tags: [] } })
  })

  test('whose output has no JSON form sets that field aside', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    const schema = schemaOf((value) => ({ value: { ...value, big: 5n, call: () => {}, cycle, none: undefined } }))
    expect(seen(schema, { a: 1 })).toMatchObject({ values: { a: 1 }, invalid: ['big', 'call', 'cycle'] })
  })

  test('that is asynchronous is a TypeError, and its own failure is nobody’s unhandled rejection', async () => {
    const slow = z.object({ a: z.number().refine(() => Promise.resolve(true)) })
    const failing = schemaOf((value) => ('a' in value ? Promise.reject(new Error('late')) : { value }))
    const thenable = schemaOf((value) => ('a' in value ? { then: () => {} } : { value }))
    for (const schema of [slow, failing, thenable])
      expect(caught(() => seen(schema, { a: 1 }))).toMatchObject({ name: 'TypeError', code: 'invalid-argument' })
    await new Promise(setImmediate)
  })

  test.each([[undefined], [null], [5], ['text'], [[]]])('whose output is %j is a TypeError', (output) => {
    const error = caught(() =>
      seen(
        schemaOf(() => ({ value: output })),
        { a: 1 },
      ),
    )
    expect(error).toMatchObject({ name: 'TypeError', code: 'invalid-argument' })
  })

  test('that is asynchronous whatever it is given is refused at once', () => {
    const error = caught(() => createFieldValidator(z.object({}).refine(() => Promise.resolve(true))))
    expect(error).toMatchObject({ name: 'TypeError', code: 'invalid-argument' })
  })

  test.each([undefined, null, {}, { '~standard': {} }, () => true, 'schema'])(
    'that is %s is refused at once',
    (schema) => {
      const error = caught(() => createFieldValidator(schema as StandardSchemaV1))
      expect(error).toMatchObject({ name: 'TypeError', code: 'invalid-argument' })
    },
  )
})
