import { misuse } from '../store/checks.ts'
import { TransientError } from '../store/errors.ts'
import type { Codec } from './codec.ts'
import { utf8 } from './utf8.ts'

/**
 * Finite numbers as decimal text, the form counters have in a store. `NaN` and the infinities are a `TypeError`; -0 comes back as 0.
 * Only the text that `encode` writes is read; anything else (`'007'`, `' 1'`, `''`) is a `decode` error.
 */
export const number: Codec<number> = {
  encode: (value) => {
    if (!Number.isFinite(value)) throw misuse(new TypeError(`number encodes finite numbers, not ${String(value)}`))
    return utf8.encode(String(value))
  },
  decode: (bytes) => {
    const text = utf8.decode(bytes)
    const value = Number(text)
    if (!Number.isFinite(value) || String(value) !== text)
      throw new TransientError('decode', { operation: 'number.decode', message: 'the bytes are not a number' })
    return value
  },
}
