import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Codec, encrypted, json, number, TransientError, utf8 } from '@transient/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeRecord, type SessionRecord, type StoredSession, stampLength } from '../src/lib/session/record.ts'
import { createRecordCodec, type RecordCodecOptions } from '../src/lib/session/record-codec.ts'
import { caught } from './caught.ts'

const secret = 'a secret of more than thirty-two characters'
const newer = 'a newer secret of more than thirty-two characters'
const now = 1_700_000_000_000

function codecOf(options: Partial<RecordCodecOptions> = {}) {
  return createRecordCodec({ now: () => now, ...options })
}

function session(fields: Record<string, string>, more: Partial<StoredSession> = {}): StoredSession {
  return { kind: 'session', created: 1, ends: 2e12, idle: 1_800_000, ...more, fields: new Map(Object.entries(fields)) }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

const records: [string, SessionRecord][] = [
  ['a session', session({ cart: '["ÅÄÖ","🦀"]', '\0flash:': '[]', 'name\n."': '1' }, { user: 'Åsa', handle: 'h' })],
  ['a pointer', { kind: 'pointer', to: 'other', until: 5 }],
  ['a marker', { kind: 'marker', to: 'other', until: 5, mergesUntil: 6, same: true, won: ['a'] }],
  ['a closed id', { kind: 'closed', to: 'other', until: 5 }],
  ['a tombstone', { kind: 'tombstone' }],
]

describe.each<[string, Codec<unknown>]>([
  ['encrypted json', encrypted(json, secret)],
  ['encrypted utf8', encrypted(utf8, secret)],
  ['json alone', json],
])('a record codec with %s', (_, codec) => {
  const coded = codecOf({ codec })

  test.each(records)('gives %s back', (_, record) => {
    const bytes = coded.encode(record, 'key')
    const back = coded.decode(bytes, 'key')
    expect(back).toMatchObject(record)
  })

  test('gives back whatever is in the fields', () => {
    const unit = fc.constantFrom(
      '"',
      '\\',
      ':',
      '\n',
      '\r',
      '\0',
      '.',
      '{',
      'a',
      'Å',
      '🦀',
      '\u2028',
      '\uD800',
      '\uDC00',
    )
    const field = fc.tuple(fc.string({ unit }), fc.string({ unit, maxLength: 50 }))
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (entries) => {
        const record = session(Object.fromEntries(entries.map(([name, value]) => [name, JSON.stringify(value)])))
        expect((coded.decode(coded.encode(record, 'k'), 'k') as StoredSession).fields).toEqual(record.fields)
      }),
    )
  })

  test('begins with a stamp of its own each time', () => {
    const stamps = Array.from({ length: 100 }, () => text(coded.encode(session({}), 'k')).slice(0, stampLength))
    expect(new Set(stamps).size).toBe(100)
    expect(stamps[0]).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('takes what was moved to another key for corrupt', () => {
    const bytes = coded.encode(session({ user: '"admin"' }), 'of-the-admin')
    expect(coded.decode(bytes, 'of-somebody')).toBe('corrupt')
    expect(coded.decode(bytes, 'of-the')).toBe('corrupt')
    expect(coded.decode(bytes, '')).toBe('corrupt')
    expect(coded.open(coded.seal(encodeRecord(session({})), 'a'), 'b')).toBe('corrupt')
  })

  test('takes a plain record for unreadable, and is unreadable without a codec', () => {
    expect(coded.decode(encodeRecord(session({})), 'k')).toBe('unreadable')
    expect(codecOf().decode(coded.encode(session({}), 'k'), 'k')).toBe('unreadable')
    expect(codecOf().open(coded.seal(encodeRecord(session({})), 'k'), 'k')).toBe('unreadable')
  })

  test('takes what is cut off anywhere for corrupt', () => {
    const bytes = coded.encode(session({ cart: '["ÅÄÖ"]', b: '1' }), 'k')
    for (let length = 0; length < bytes.length; length++)
      expect(coded.decode(bytes.subarray(0, length), 'k')).toBe('corrupt')
  })

  test('makes no error of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(coded.decode(bytes, 'k')).toBe('corrupt')
        const sealed = Buffer.concat([Buffer.from('s'.repeat(stampLength)), Uint8Array.of(0), bytes])
        expect(coded.decode(sealed, 'k')).toBe('corrupt')
      }),
    )
  })

  test('opens what it sealed', () => {
    const list = utf8.encode(`${'s'.repeat(stampLength)}\n{"v":1,"sessions":["ÅÄÖ"]}`)
    expect(Buffer.from(coded.open(coded.seal(list, 'user:Åsa'), 'user:Åsa') as Uint8Array)).toEqual(Buffer.from(list))
  })
})

describe('an encrypted record', () => {
  const codec = encrypted(json, secret)

  test('shows nothing but its stamp', () => {
    const record = session({ secretField: '"SE35 5000"' }, { user: 'Åsa', handle: 'the-handle' })
    const shown = text(codecOf({ codec }).encode(record, 'the-key'))
    for (const part of ['secretField', 'SE35', 'sa', 'the-handle', 'the-key', 'session', 'idle'])
      expect(shown.slice(stampLength)).not.toContain(part)
  })

  test('of which one byte was changed behind the mark of its key is corrupt, and of a changed mark unreadable', () => {
    const bytes = codecOf({ codec }).encode(session({ a: '1' }), 'k')
    // The stamp, the zero, the mark of an envelope.
    const format = stampLength + 2
    for (let at = stampLength; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      expect(codecOf({ codec }).decode(changed, 'k')).toBe(at >= format && at < format + 7 ? 'unreadable' : 'corrupt')
    }
  })

  test('of a key that is not in the ring is unreadable, until it is', () => {
    const bytes = codecOf({ codec: encrypted(json, newer) }).encode(session({ a: '1' }), 'k')
    expect(codecOf({ codec }).decode(bytes, 'k')).toBe('unreadable')
    expect(codecOf({ codec: encrypted(json, [secret, newer]) }).decode(bytes, 'k')).toMatchObject({ kind: 'session' })
  })

  test('that holds something else than a record is corrupt', () => {
    const sealed = (value: unknown) =>
      Buffer.concat([Buffer.from('s'.repeat(stampLength)), Uint8Array.of(0), codec.encode(value)])
    for (const value of [5, null, { key: 'k' }, 'k', 'k\n', 'k\n{}\n.', 'k\n{"v":1,"kind":"session"}\n.'])
      expect(codecOf({ codec }).decode(sealed(value), 'k')).toBe('corrupt')
    expect(codecOf({ codec }).decode(sealed('k\n{"v":2}\n.'), 'k')).toBe('unreadable')
  })
})

describe('the codec of an application', () => {
  test('that fails in its own way says nothing of what is stored: its error comes through', () => {
    const broken: Codec<unknown> = { ...json }
    const coded = codecOf({ codec: broken })
    const bytes = coded.encode(session({}), 'k')
    const reason = new Error('no connection to the key service')
    for (const error of [reason, new TransientError('unavailable', { operation: 'codec.decode' })]) {
      broken.decode = () => {
        throw error
      }
      expect(caught(() => coded.decode(bytes, 'k'))).toBe(error)
    }
  })

  test.each([
    ['for numbers', number],
    ['that forgets', { encode: () => new Uint8Array(), decode: () => undefined }],
    ['that gives no bytes', { encode: (value: unknown) => value, decode: (value: unknown) => value }],
    [
      'that loses what is not ASCII',
      {
        encode: (value: unknown) => Buffer.from(String(value), 'ascii'),
        decode: (bytes: Uint8Array) => Buffer.from(bytes).toString('ascii'),
      },
    ],
    ['that is none', {}],
    ['that is null', null],
  ])('%s is refused at once', (_, codec) => {
    const error = caught(() => codecOf({ codec: codec as Codec<unknown> }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'invalid-argument' })
  })
})

describe('the version of the data', () => {
  let reported: unknown[] = []
  const onInvalid = (message: unknown) => void reported.push(message)
  beforeEach(() => {
    reported = []
    subscribe('transient:session:invalid', onInvalid)
  })
  afterEach(() => unsubscribe('transient:session:invalid', onInvalid))

  const upper = (data: Record<string, unknown>, from: number) => ({ name: String(data['name']).toUpperCase(), from })
  const first = codecOf()
  const third = codecOf({ version: 3, migrate: upper })

  test('is 0 where nothing was said, and is then not written', () => {
    const bytes = first.encode(session({ name: '"a"' }), 'k')
    expect(text(bytes)).not.toContain('dv')
    expect(text(third.encode(session({}), 'k'))).toContain('"dv":3')
    expect(text(third.encode({ kind: 'tombstone' }, 'k'))).not.toContain('dv')
  })

  test('that is older is migrated when it is read, and what is written then is ours', () => {
    const read = third.decode(first.encode(session({ name: '"a"' }), 'k'), 'k') as StoredSession
    expect(read.fields).toEqual(
      new Map([
        ['name', '"A"'],
        ['from', '0'],
      ]),
    )
    expect(read.version).toBe(3)
    const again = third.decode(third.encode(read, 'k'), 'k') as StoredSession
    expect(again.fields).toEqual(read.fields)
    const fifth = codecOf({ version: 5, migrate: upper })
    expect((fifth.decode(third.encode(read, 'k'), 'k') as StoredSession).fields.get('from')).toBe('3')
  })

  test('that is older, without migrate, is taken as it is, and becomes ours', () => {
    const second = codecOf({ version: 2 })
    const read = second.decode(first.encode(session({ a: '1' }), 'k'), 'k') as StoredSession
    expect(read.fields).toEqual(new Map([['a', '1']]))
    expect(text(second.encode(read, 'k'))).toContain('"dv":2')
  })

  test('that is newer is unreadable', () => {
    const bytes = third.encode(session({ name: '"a"' }), 'k')
    expect(first.decode(bytes, 'k')).toBe('unreadable')
    expect(codecOf({ version: 2 }).decode(bytes, 'k')).toBe('unreadable')
    expect(reported).toEqual([])
  })

  test('is no matter of pointers and markers', () => {
    for (const [, record] of records.slice(1))
      expect(third.decode(first.encode(record, 'k'), 'k')).toMatchObject(record)
  })

  test.each(['"1"', '-1', '1.5', '1e300', 'true', '{}'])('that is %s makes the record corrupt', (version) => {
    const header = `{"v":1,"kind":"session","created":1,"ends":2,"idle":3,"dv":${version}}`
    expect(third.decode(utf8.encode(`${'s'.repeat(stampLength)}\n${header}\n.`), 'k')).toBe('corrupt')
  })

  test('whose migration throws is reported, with the error, and unreadable', () => {
    const error = new Error('no name')
    const failing = codecOf({
      version: 1,
      migrate: () => {
        throw error
      },
    })
    expect(failing.decode(first.encode(session({}), 'hashed'), 'hashed')).toBe('unreadable')
    expect(reported).toEqual([{ id: 'hashed', error }])
  })

  test('never brings back a field whose end has passed under another name', () => {
    const rename = codecOf({
      version: 1,
      migrate: ({ isAdmin, isGuest, ...rest }) => ({ ...rest, mayAll: isAdmin, mayLook: isGuest }),
    })
    const fields = {
      isAdmin: 'true',
      '\0end:isAdmin': String(now),
      isGuest: 'true',
      '\0end:isGuest': String(now + 1),
    }
    const read = rename.decode(first.encode(session(fields), 'k'), 'k') as StoredSession
    expect(read.fields).toEqual(
      new Map([
        ['mayLook', 'true'],
        ['\0end:isGuest', String(now + 1)],
      ]),
    )
  })
})
