import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKeyRing, hashId, newId, type SessionToken } from '../src/lib/session/token.ts'
import { caught } from './caught.ts'

const first = 'the first secret, of thirty-two or more characters'
const second = 'the second secret, of thirty-two or more characters'
const third = 'the third secret, of thirty-two or more characters'

const ring = createKeyRing(first)
const alphabet = [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  '.',
  '=',
  '+',
  '/',
  ' ',
  'Å',
  '\0',
]

function token(changes: Partial<SessionToken> = {}): SessionToken {
  return { id: newId(), idle: 1_800_000, ends: 1_800_000_000_000, ...changes }
}

describe('a token', () => {
  test('comes back from its text', () => {
    const made = token()
    expect(ring.verify(ring.sign(made))).toEqual({ token: made, key: hashId(made.id), current: true })
  })

  test('comes back with whatever timeouts it has', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 * 86_400_000 }),
        fc.integer({ min: 1, max: 8_640_000_000_000_000 }),
        (idle, ends) => {
          const made = token({ idle, ends })
          expect(ring.verify(ring.sign(made))).toEqual({ token: made, key: hashId(made.id), current: true })
        },
      ),
    )
  })

  test('is short, and of characters that a cookie carries as they are', () => {
    const text = ring.sign(token({ idle: 400 * 86_400_000, ends: 4_000_000_000_000 }))
    expect(text).toMatch(/^[A-Za-z0-9_.-]+$/)
    expect(text.length).toBeLessThan(128)
  })

  test('is refused after every change of one character', () => {
    const text = ring.sign(token())
    for (let at = 0; at < text.length; at++) {
      for (const character of alphabet) {
        if (character === text[at]) continue
        expect(typeof ring.verify(text.slice(0, at) + character + text.slice(at + 1))).toBe('string')
      }
    }
  })

  test('is refused after every removal, insertion, doubling and swap of characters', () => {
    const text = ring.sign(token())
    for (let at = 0; at < text.length; at++) {
      expect(typeof ring.verify(text.slice(0, at) + text.slice(at + 1))).toBe('string')
      expect(typeof ring.verify(text.slice(0, at) + text[at] + text.slice(at))).toBe('string')
      const swapped = text.slice(0, at) + (text[at + 1] ?? '') + text[at] + text.slice(at + 2)
      if (swapped !== text) expect(typeof ring.verify(swapped)).toBe('string')
      for (const character of ['A', '.', '=']) {
        expect(typeof ring.verify(text.slice(0, at) + character + text.slice(at))).toBe('string')
      }
    }
  })

  test('is refused when it is truncated anywhere, or continued', () => {
    const text = ring.sign(token())
    for (let length = 0; length < text.length; length++) expect(ring.verify(text.slice(0, length))).toSatisfy(isRefusal)
    for (const more of ['=', '==', '.', '.A', ' ', '\n', text]) expect(ring.verify(text + more)).toBe('tampered')
  })

  test('has one text only: other base64url texts of the same MAC are refused', () => {
    // 32 bytes are 43 characters with two bits to spare: four texts decode to the same MAC.
    const text = ring.sign(token())
    const mac = text.slice(text.lastIndexOf('.') + 1)
    const twins = alphabet
      .map((character) => mac.slice(0, -1) + character)
      .filter((twin) => twin !== mac && Buffer.from(twin, 'base64url').equals(Buffer.from(mac, 'base64url')))
    expect(twins.length).toBeGreaterThanOrEqual(3)
    for (const twin of [...twins, `${mac}=`]) expect(ring.verify(text.slice(0, -mac.length) + twin)).toBe('tampered')
  })

  test('signed by a secret that is not in the ring is unreadable', () => {
    expect(ring.verify(createKeyRing(second).sign(token()))).toBe('unreadable')
  })

  test('with the key id of the ring and the MAC of another secret is tampered', () => {
    const made = token()
    const foreign = createKeyRing(second).sign(made).split('.')
    const own = ring.sign(made).split('.')
    expect(ring.verify([...own.slice(0, 5), foreign[5]].join('.'))).toBe('tampered')
  })

  test('of an unknown version is unreadable, whatever follows it', () => {
    const parts = ring.sign(token()).split('.')
    for (const version of ['0', '2', '10', '11'])
      for (const rest of [parts.slice(1), [], ['x'], [...parts.slice(1), 'more']])
        expect(ring.verify([version, ...rest].join('.'))).toBe('unreadable')
  })

  test.each([
    '',
    '.',
    '.....',
    '1',
    '1......',
    'v1.a.b.c.d.e',
    ' 1.a.b.c.d.e',
    '-1.a.b.c.d.e',
    's:abc.def',
    'null',
    '__proto__',
    '1.__proto__.a.b.c',
    'eyJhbGciOiJub25lIn0.e30.',
    '\0',
    '🦀'.repeat(20),
    '\uD800',
  ])('is not %j', (text) => {
    expect(ring.verify(text)).toBe('tampered')
  })

  test('of 10 KB is refused without hashing it', () => {
    expect(ring.verify('1.'.repeat(5000))).toBe('tampered')
    expect(ring.verify(`2.${'x'.repeat(10_000)}`)).toBe('tampered')
    expect(ring.verify(`${ring.sign(token())}${'A'.repeat(10_000)}`)).toBe('tampered')
  })

  test('is never made of arbitrary text, and no text makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => isRefusal(ring.verify(text))))
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 50 }), { minLength: 6, maxLength: 6 }), (parts) =>
        isRefusal(ring.verify(['1', ring.sign(token()).split('.')[1], ...parts.slice(2)].join('.'))),
      ),
    )
  })
})

describe('a key ring', () => {
  test('signs with its first key and verifies with all; what an old one signed is not current', () => {
    const made = token()
    const old = createKeyRing(first).sign(made)
    const rotated = createKeyRing([second, first])
    expect(rotated.verify(old)).toEqual({ token: made, key: hashId(made.id), current: false })
    expect(rotated.sign(made)).toBe(createKeyRing(second).sign(made))
    expect(rotated.verify(rotated.sign(made))).toEqual({ token: made, key: hashId(made.id), current: true })
  })

  test('does not know what is signed by a key that was taken out, nor by one it has not yet', () => {
    const made = token()
    expect(createKeyRing([third, second]).verify(createKeyRing(first).sign(made))).toBe('unreadable')
    expect(createKeyRing(first).verify(createKeyRing([second, first]).sign(made))).toBe('unreadable')
  })

  test('signs the same token the same way in every process', () => {
    const made = token()
    expect(createKeyRing([first]).sign(made)).toBe(createKeyRing(first).sign(made))
  })

  test.each([
    ['no secret', []],
    ['a short one', 'x'.repeat(31)],
    ['a short one among others', [first, 'short']],
    ['an empty one', ''],
    ['a repeated one', [first, second, first]],
    ['none at all', undefined],
    ['null', null],
    ['one that is no string', [first, 5]],
    ['bytes', new Uint8Array(32)],
  ])('refuses %s with a TypeError that names the option and not the secret', (_, secrets) => {
    const error = caught(() => createKeyRing(secrets as string))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('secrets') as string })
    expect((error as Error).message).not.toContain(first)
  })

  test('takes a secret of exactly 32 characters', () => {
    expect(() => createKeyRing('x'.repeat(32))).not.toThrow()
  })

  test('does not show its secret or its key in the token', () => {
    const parts = ring.sign(token()).split('.')
    expect(Buffer.from(parts[1] as string, 'base64url').length).toBe(6)
    expect(ring.sign(token())).not.toContain(Buffer.from(first).toString('base64url').slice(0, 8))
  })
})

describe('an id', () => {
  test('is 256 random bits', () => {
    const ids = Array.from({ length: 1000 }, newId)
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(Buffer.from(id, 'base64url').length).toBe(32)
  })

  test('is known to the store by its SHA-256 only', () => {
    expect(hashId('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })
})

function isRefusal(verdict: unknown): boolean {
  return verdict === 'tampered' || verdict === 'unreadable'
}
