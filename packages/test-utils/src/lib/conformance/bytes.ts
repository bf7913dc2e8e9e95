import assert from 'node:assert/strict'

const encoder = new TextEncoder()

/** The UTF-8 bytes of a text. */
export function bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Asserts that bytes are those of a value or text; `undefined` is a miss. */
export function assertBytes(actual: Uint8Array | undefined, expected: Uint8Array | string | undefined): void {
  if (expected === undefined) return assert.equal(actual, undefined)
  const wanted = typeof expected === 'string' ? bytes(expected) : expected
  assert.ok(actual instanceof Uint8Array, `expected ${wanted.length} bytes, got ${String(actual)}`)
  assert.equal(Buffer.compare(actual, wanted), 0, `expected ${show(wanted)}, got ${show(actual)}`)
}

function show(value: Uint8Array): string {
  return `${value.length} bytes ${JSON.stringify(Buffer.from(value.subarray(0, 40)).toString('latin1'))}`
}
