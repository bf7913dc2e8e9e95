import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeRecord,
  encodeRecord,
  type RenewalPointer,
  type StoredSession,
  stampLength,
} from '../src/lib/session/record.ts'

const utf8 = new TextEncoder()
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function session(fields: Iterable<readonly [string, string]> = [['a', '1']]): StoredSession {
  return { kind: 'session', created: 1, ends: 2_000_000_000_000, idle: 1_800_000, fields: new Map(fields) }
}

const pointer: RenewalPointer = { kind: 'pointer', to: 'hashed-id', until: 1_700_000_000_000 }

/** A record with this header line and these field lines, as another release or a damaged disk might have left it. */
function written(header: string, lines = '.'): Uint8Array {
  return utf8.encode(`${'s'.repeat(stampLength)}\n${header}\n${lines}`)
}

const hostileName = fc.oneof(
  fc.string({
    unit: fc.constantFrom('"', '\\', ':', '\n', '\r', '\0', '.', '{', 'a', 'Å', '🦀', '\u2028', '\uD800', '\uDC00'),
  }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '', '":', '\\":', '\\\\":', 'a":1\n"b', '\n.'),
)
const fieldMap = fc
  .array(
    fc.tuple(
      hostileName,
      fc.jsonValue().map((value) => JSON.stringify(value)),
    ),
  )
  .map((entries) => new Map(entries))

describe('a session record', () => {
  test('comes back with every field, whatever its name is', () => {
    fc.assert(
      fc.property(fieldMap, (fields) => {
        const back = decodeRecord(encodeRecord(session(fields))) as StoredSession
        expect(back).toMatchObject({ kind: 'session', created: 1, ends: 2_000_000_000_000, idle: 1_800_000 })
        expect([...back.fields]).toEqual([...fields])
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    '__proto__',
    'constructor',
    '',
    '"',
    '\\',
    '\\"',
    '":',
    'a:b',
    'a\nb',
    '.',
    '\n.\n',
    '🦀',
    '\uD800',
    '\0',
  ])('takes %j as the name of a field', (name) => {
    const fields = new Map([
      [name, '"x"'],
      ['other', '2'],
    ])
    expect((decodeRecord(encodeRecord(session(fields))) as StoredSession).fields).toEqual(fields)
  })

  test('of no field, and of a thousand', () => {
    expect((decodeRecord(encodeRecord(session([]))) as StoredSession).fields.size).toBe(0)
    const many = Array.from({ length: 1000 }, (_, index) => [`field${index}`, `${index}`] as const)
    expect((decodeRecord(encodeRecord(session(many))) as StoredSession).fields.size).toBe(1000)
  })

  test('hands a field on as it was written, to the last blank', () => {
    const record = decodeRecord(
      written('{"v":1,"kind":"session","created":1,"ends":2,"idle":3}', '"a": { "b" : 1.0 } \n.'),
    )
    expect((record as StoredSession).fields.get('a')).toBe(' { "b" : 1.0 } ')
  })

  test('parses no field: one whose text is not JSON harms no other', () => {
    const record = decodeRecord(
      written('{"v":1,"kind":"session","created":1,"ends":2,"idle":3}', '"a":{oops\n"b":2\n"c":\n.'),
    )
    expect([...(record as StoredSession).fields]).toEqual([
      ['a', '{oops'],
      ['b', '2'],
      ['c', ''],
    ])
  })

  test('begins with a stamp of its own in every write', () => {
    const stamps = Array.from({ length: 1000 }, () => text(encodeRecord(session()).subarray(0, stampLength)))
    expect(new Set(stamps).size).toBe(1000)
    expect(stamps[0]).toMatch(/^[\x21-\x7e]+$/)
  })

  test('that is cut off anywhere is corrupt, and never a session with fewer fields', () => {
    const bytes = encodeRecord(
      session([
        ['cart', '["ÅÄÖ","🦀"]'],
        ['a.b', '"."'],
        ['name\n.', '"\\n."'],
        ['n', '12345'],
      ]),
    )
    for (let length = 0; length < bytes.length; length++)
      expect(decodeRecord(bytes.subarray(0, length))).toBe('corrupt')
  })

  test('whatever its fields are, is corrupt when it is cut off', () => {
    fc.assert(
      fc.property(fieldMap, fc.nat(), (fields, at) => {
        const bytes = encodeRecord(session(fields))
        expect(decodeRecord(bytes.subarray(0, at % bytes.length))).toBe('corrupt')
      }),
      { numRuns: 500 },
    )
  })

  test('that goes on after its end is corrupt', () => {
    for (const more of ['.', '\n', '"b":2\n.', '\0']) {
      expect(decodeRecord(Buffer.concat([encodeRecord(session()), utf8.encode(more)]))).toBe('corrupt')
      expect(decodeRecord(Buffer.concat([encodeRecord(pointer), utf8.encode(more)]))).toBe('corrupt')
    }
  })
})

describe('a renewal pointer', () => {
  test('comes back', () => {
    expect(decodeRecord(encodeRecord(pointer))).toEqual(pointer)
  })

  test('that is cut off anywhere is corrupt', () => {
    const bytes = encodeRecord(pointer)
    for (let length = 0; length < bytes.length; length++)
      expect(decodeRecord(bytes.subarray(0, length))).toBe('corrupt')
  })
})

describe('bytes', () => {
  test.each([
    ['nothing', new Uint8Array()],
    ['text of somebody else', utf8.encode('{"cookie":{"maxAge":1}}')],
    ['bytes that are no text', Uint8Array.from({ length: 200 }, (_, index) => index + 56)],
    ['a header that is not JSON', written('{"v":1,')],
    ['a header that is null', written('null')],
    ['a header that is a number', written('1')],
    ['a header without a version', written('{"kind":"session","created":1,"ends":2,"idle":3}')],
    ['a header with a version that is no number', written('{"v":"1","kind":"session"}')],
    ['a session without an end', written('{"v":1,"kind":"session","created":1,"idle":3}')],
    ['a session whose end is text', written('{"v":1,"kind":"session","created":1,"ends":"2","idle":3}')],
    ['a pointer to nowhere', written('{"v":1,"kind":"pointer","until":5}')],
    ['a pointer without an end', written('{"v":1,"kind":"pointer","to":"x","until":null}')],
    ['a field without a name', written('{"v":1,"kind":"session","created":1,"ends":2,"idle":3}', '1\n.')],
    ['a field without a colon', written('{"v":1,"kind":"session","created":1,"ends":2,"idle":3}', '"a"\n.')],
    ['a name with a bad escape', written('{"v":1,"kind":"session","created":1,"ends":2,"idle":3}', '"\\x":1\n.')],
    [
      'a byte that is no text in a field',
      Buffer.concat([encodeRecord(session()).subarray(0, -3), Uint8Array.of(0xff), utf8.encode('\n.')]),
    ],
  ])('of %s are corrupt', (_, bytes) => {
    expect(decodeRecord(bytes)).toBe('corrupt')
  })

  test.each([
    ['a later version', '{"v":2,"kind":"session","created":1,"ends":2,"idle":3}'],
    ['a later version that has no kind', '{"v":2,"type":"session"}'],
    ['a version with fractions', '{"v":1.5,"kind":"session"}'],
    ['a kind of a later release', '{"v":1,"kind":"vault","until":5}'],
  ])('of %s are unreadable, and not to be touched', (_, header) => {
    expect(decodeRecord(written(header))).toBe('unreadable')
    expect(decodeRecord(written(header, 'of another form'))).toBe('unreadable')
  })

  test('of any kind make no error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeRecord(bytes)).toBe('corrupt')
      }),
    )
  })

  test('of a record with one byte changed make no error', () => {
    const bytes = encodeRecord(
      session([
        ['a', '"text"'],
        ['b\n', '[1,2]'],
      ]),
    )
    for (let at = 0; at < bytes.length; at++) {
      for (const change of [0x00, 0x0a, 0x22, 0x2e, 0x5c, 0xff]) {
        const damaged = Uint8Array.from(bytes)
        damaged[at] = change
        expect(() => decodeRecord(damaged)).not.toThrow()
      }
    }
  })
})
