import { misuse } from '../store/checks.ts'
import { wrapError } from '../store/errors.ts'
import { isWellFormed } from '../store/well-formed.ts'
import type { Codec } from './codec.ts'

const encoder = new TextEncoder()
// Without ignoreBOM the decoder would drop a leading U+FEFF, and the text would not come back as it went in.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Text as UTF-8. A string with a lone surrogate has no UTF-8 form and is a `TypeError`; malformed bytes are a `decode` error, not U+FFFD.
 *
 * ```ts
 * import { utf8 } from '@transient/core'
 *
 * utf8.decode(utf8.encode('ÅÄÖ')) // 'ÅÄÖ'
 * ```
 */
export const utf8: Codec<string> = {
  encode: (text) => {
    if (typeof text !== 'string') throw misuse(new TypeError(`utf8 encodes strings, not a ${typeof text}`))
    if (!isWellFormed(text)) throw misuse(new TypeError('utf8 cannot encode a lone surrogate'))
    return encoder.encode(text)
  },
  decode: (bytes) => {
    try {
      return decoder.decode(bytes)
    } catch (error) {
      throw wrapError(error, 'decode', { operation: 'utf8.decode', message: 'the bytes are not UTF-8' })
    }
  },
}
