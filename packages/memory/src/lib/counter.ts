// What Redis accepts for INCR: no sign but a minus, no leading zeros, no spaces.
const decimal = /^(?:0|-?[1-9]\d{0,15})$/
const longest = String(Number.MIN_SAFE_INTEGER).length

/** The number that the bytes spell, or `undefined` if they are not decimal text of a safe integer. */
export function readCounter(bytes: Uint8Array): number | undefined {
  if (bytes.length > longest) return undefined
  const text = String.fromCharCode(...bytes)
  const value = decimal.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? value : undefined
}

/** The decimal text of a counter. */
export function writeCounter(value: number): Uint8Array {
  const text = String(value)
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)
  return bytes
}
