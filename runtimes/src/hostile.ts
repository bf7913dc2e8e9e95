import fc from 'fast-check'

/** What HTTP lets through in a header: those that end or quote a cookie are among them, several times over. */
const headerCharacters = [
  ...Array.from({ length: 0x7f - 0x20 }, (_, at) => at + 0x20),
  ...Array.from({ length: 0x80 }, (_, at) => at + 0x80),
  ...Array.from({ length: 33 }, (_, at) => [0x09, 0x22, 0x2c, 0x3b, 0x3d, 0x5c, 0x25, 0x2e][at % 8] as number),
]
const headerCharacter = fc.nat({ max: 255 }).map((at) => headerCharacters[at] as number)
const noise = (maxLength: number) =>
  fc
    .uint8Array({ maxLength })
    .map((bytes) => String.fromCharCode(...Array.from(bytes, (at) => headerCharacters[at] as number)))
const base64url = fc.uint8Array({ maxLength: 45 }).map((bytes) => Buffer.from(bytes).toString('base64url'))

/** Values of a cookie or a header that nobody signed: noise, names of prototypes, and texts in the form of a token. */
export const hostileTexts: fc.Arbitrary<string> = fc
  .oneof(
    noise(200),
    fc.constantFrom(
      '',
      '""',
      '__proto__',
      'constructor',
      '[object Object]',
      'undefined',
      'null',
      'NaN',
      '%00',
      '%',
      '1',
      '1.',
      '.....',
      "' OR 1=1 --",
    ),
    fc
      .constantFrom('A', '.', '1.', '%2e', '"')
      .chain((piece) => fc.integer({ min: 1, max: 1000 }).map((times) => piece.repeat(times))),
    fc
      .tuple(fc.constantFrom('0', '1', '2', '999', '-1', '1e9'), base64url, base64url, base64url, base64url, base64url)
      .map((parts) => parts.join('.')),
    fc.json({ maxDepth: 2 }).map((text) => text.replace(/[^\x20-\x7e]/g, '?')),
  )
  // At the ends of a header field spaces are not sent.
  .map((text) => text.trim())

/** What becomes of a good token under way: never the token itself. */
export function mutatedTokens(token: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: token.length - 1 })
  return (
    fc
      .oneof(
        fc
          .tuple(at, headerCharacter)
          .map(([place, code]) => token.slice(0, place) + String.fromCharCode(code) + token.slice(place + 1)),
        fc
          .tuple(at, headerCharacter)
          .map(([place, code]) => token.slice(0, place) + String.fromCharCode(code) + token.slice(place)),
        at.map((place) => token.slice(0, place)),
        at.map((place) => token.slice(place + 1)),
        fc.tuple(at, at).map(([one, other]) => swap(token, one, other)),
        fc.constantFrom(
          token.toUpperCase(),
          token.toLowerCase(),
          encodeURIComponent(`${token}\n`),
          `${token}.`,
          `.${token}`,
          `"${token}"`,
          `${token},${token}`,
        ),
        fc.array(fc.constantFrom(...token.split('.')), { minLength: 1, maxLength: 9 }).map((parts) => parts.join('.')),
      )
      // A change may have changed nothing, or have cut off but what a semicolon would.
      .filter((text) => text.split(';')[0]?.trim() !== token)
  )
}

function swap(text: string, one: number, other: number): string {
  const letters = text.split('')
  ;[letters[one], letters[other]] = [letters[other] as string, letters[one] as string]
  return letters.join('')
}

/** A form post that must not pass. */
export interface HostileForm {
  /** With its question mark, or nothing. */
  readonly query: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  hostileTexts,
  fc.constantFrom('\0', '\r\n', '\ud800', '\ufeff'),
)
const fieldName = fc.oneof(
  fc.constantFrom(
    '_csrf',
    '_csrf[]',
    '_csrf[__proto__]',
    '_csrf[length]',
    '_csrf.toString',
    '__proto__',
    '__proto__[polluted]',
    '__proto__._csrf',
    'constructor[prototype][polluted]',
    'constructor.prototype._csrf',
    'toString',
    'hasOwnProperty',
    'a[b][c][d][e][f][g]',
    'a[1000000000]',
  ),
  anyText,
)
const urlencoded = fc
  .array(fc.tuple(fieldName, anyText), { maxLength: 8 })
  .map((pairs) => pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&'))
const brokenUrlencoded = fc.array(
  fc.constantFrom('&', '=', '%', '%zz', '%c3%28', '+', '_csrf', '[', ']', '__proto__'),
  { maxLength: 30 },
)
const jsonText = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.constantFrom(
    '{"__proto__":{"_csrf":"x","polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"_csrf":{"length":66}}',
    '{"_csrf":["a","b"]}',
    '{"_csrf":null}',
    '{',
    '[[[[',
    '"_csrf"',
  ),
)
const multipart = fc.tuple(fieldName, anyText, fc.boolean()).map(([name, value, isWhole]) => {
  const part = `--edge\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  return isWhole ? `${part}--edge--\r\n` : part.slice(0, part.length / 2)
})

const bodies = fc.oneof(
  fc.tuple(
    fc.constantFrom('application/x-www-form-urlencoded', 'application/x-www-form-urlencoded; charset=utf-8'),
    urlencoded,
  ),
  fc.tuple(
    fc.constant('application/x-www-form-urlencoded'),
    brokenUrlencoded.map((pieces) => pieces.join('')),
  ),
  fc.tuple(fc.constantFrom('application/json', 'text/plain', 'application/csp-report'), jsonText),
  fc.tuple(
    fc.constantFrom('multipart/form-data; boundary=edge', 'multipart/form-data', 'multipart/form-data; boundary='),
    multipart,
  ),
  fc.tuple(
    fc.oneof(hostileTexts, fc.constantFrom('', 'application/x-www-form-urlencoded; charset=utf-7', 'a/b; c', ';', '/')),
    anyText,
  ),
)

/** Forms of a site whose token nobody knows: odd bodies under odd types, odd headers, odd addresses. */
export const hostileForms: fc.Arbitrary<HostileForm> = fc
  .record({
    body: bodies,
    token: fc.option(hostileTexts, { nil: undefined }),
    origin: fc.option(fc.oneof(hostileTexts, fc.webUrl()), { nil: undefined }),
    fetchSite: fc.option(fc.oneof(hostileTexts, fc.constantFrom('same-origin', 'none', 'cross-site')), {
      nil: undefined,
    }),
    accept: fc.option(fc.oneof(hostileTexts, fc.constantFrom('text/html', 'application/json;q=x', '*/*')), {
      nil: undefined,
    }),
    query: fc.option(urlencoded, { nil: undefined }),
  })
  .map(({ body: [type, text], token, origin, fetchSite, accept, query }) => ({
    query: query === undefined ? '' : `?${query}`,
    headers: {
      'content-type': type,
      ...(token !== undefined && { 'x-csrf-token': token }),
      ...(origin !== undefined && { origin }),
      ...(fetchSite !== undefined && { 'sec-fetch-site': fetchSite }),
      ...(accept !== undefined && { accept }),
    },
    body: Buffer.from(text),
  }))

/** As browsers do it, and lone surrogates, which they do not send, as they are. */
function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
}
