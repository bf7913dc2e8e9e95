import { Buffer } from 'node:buffer'

// Up to here a loop is faster than the call into native code.
const short = 64

/** Whether two values are equal, or with `stamp` whether their first `stamp` bytes are. `right` is at least that long. */
export function sameBytes(left: Uint8Array, right: Uint8Array, stamp: number | undefined): boolean {
  if (stamp === undefined && left.length !== right.length) return false
  const length = stamp ?? left.length
  if (length > short) return Buffer.compare(left.subarray(0, length), right.subarray(0, length)) === 0
  for (let index = 0; index < length; index++) if (left[index] !== right[index]) return false
  return true
}
