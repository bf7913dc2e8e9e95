import { describe, expect, test } from 'vitest'
import { checkVersion, type Migrate, migrateFields } from '../src/lib/session/session-migration.ts'
import { caught } from './caught.ts'

function fields(data: Record<string, string>) {
  return new Map(Object.entries(data))
}

describe('migrated fields', () => {
  test('are what migrate returns, given the data and its version', () => {
    const seen: unknown[] = []
    const migrated = migrateFields(fields({ name: '"Åsa Öst"', n: '1' }), 3, (data, from) => {
      seen.push(data, from)
      const [first, last] = (data['name'] as string).split(' ')
      return { first, last, n: data['n'] }
    })
    expect(seen).toEqual([{ name: 'Åsa Öst', n: 1 }, 3])
    expect(migrated).toEqual(fields({ first: '"Åsa"', last: '"Öst"', n: '1' }))
  })

  test('may be the same object, changed; undefined is no field', () => {
    const migrated = migrateFields(fields({ a: '1', b: '2', c: '3' }), 0, (data) => {
      data['d'] = [data['a']]
      data['b'] = undefined
      delete data['c']
      return data
    })
    expect(migrated).toEqual(fields({ a: '1', d: '[1]' }))
  })

  test('leave the fields of the system alone, which migrate never sees', () => {
    const before = fields({ '\0flash:': '[{"kind":"info"}]', '\0end:a': '99', a: '1' })
    const migrated = migrateFields(before, 0, (data) => {
      expect(Object.keys(data)).toEqual(['a'])
      return {}
    })
    expect(migrated).toEqual(fields({ '\0flash:': '[{"kind":"info"}]', '\0end:a': '99' }))
    expect(before.size).toBe(3)
  })

  test('leave a damaged field as it is, unless migrate sets it', () => {
    const damaged = fields({ bad: '{oops', a: '1' })
    const same: Migrate = (data) => data
    expect(migrateFields(damaged, 0, same)).toEqual(damaged)
    expect(migrateFields(damaged, 0, () => ({ bad: 2 }))).toEqual(fields({ bad: '2' }))
  })

  test.each(['__proto__', 'constructor', 'toString'])('have %s as a field like any other', (name) => {
    const one = new Map([[name, '{"isAdmin":true}']])
    const same: Migrate = (data) => {
      expect((data as { isAdmin?: boolean }).isAdmin).toBeUndefined()
      return { ...data }
    }
    expect(migrateFields(one, 0, same)).toEqual(one)
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  test('fail with what migrate throws', () => {
    const reason = new Error('reason')
    const error = caught(() =>
      migrateFields(fields({ a: '1' }), 0, () => {
        throw reason
      }),
    )
    expect(error).toBe(reason)
  })

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'text'],
    ['an array', [1]],
    ['a promise', Promise.resolve({})],
    ['a value without JSON form', { a: 5n }],
    ['a function', { a: () => {} }],
    ['a field of the system', { '\0end:a': 1 }],
  ])('fail if it returns %s', (_, result) => {
    const error = caught(() => migrateFields(fields({ a: '1' }), 0, () => result as Record<string, unknown>))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'invalid-argument' })
  })
})

describe('a migrate that is asynchronous', () => {
  test("fails at once, and its own failure is nobody's unhandled rejection", async () => {
    const late = Promise.reject(new Error('late'))
    const migrate = (() => late) as unknown as Migrate
    expect(caught(() => migrateFields(fields({ a: '1' }), 0, migrate))).toBeInstanceOf(TypeError)
    // Node reports an unhandled rejection once the microtasks are done; vitest fails the run for it.
    await new Promise(setImmediate)
  })
})

describe('a version', () => {
  const migrate: Migrate = (data) => data

  test('is a whole number from 0 on, above 0 with migrate', () => {
    for (const version of [0, 1, 2 ** 53 - 1]) expect(() => checkVersion(version, undefined)).not.toThrow()
    expect(() => checkVersion(1, migrate)).not.toThrow()
  })

  test.each([
    ['-1', -1, undefined],
    ['1.5', 1.5, undefined],
    ['NaN', Number.NaN, undefined],
    ['Infinity', Number.POSITIVE_INFINITY, undefined],
    ['2 ** 53', 2 ** 53, undefined],
    ['a text', '1', undefined],
    ['null', null, undefined],
    ['0, and migrate', 0, migrate],
    ['1, and migrate that is no function', 1, 'migrate'],
  ])('of %s is refused at once', (_, version, given) => {
    expect(caught(() => checkVersion(version, given))).toMatchObject({ code: 'invalid-argument' })
  })
})
