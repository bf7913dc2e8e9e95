import { checkValue } from '../store/checks.ts'
import type { Codec } from './codec.ts'

/** Bytes as they are, without a copy. Anything but a `Uint8Array` is a `TypeError`. */
export const bytes: Codec<Uint8Array> = {
  encode: (value) => {
    checkValue(value)
    return value
  },
  decode: (value) => value,
}
