import { misuse } from '../store/checks.ts'
import { wrapError } from '../store/errors.ts'
import type { Codec } from './codec.ts'
import { utf8 } from './utf8.ts'

/**
 * Values as JSON text, with the rules of `JSON.stringify`: a `Date` becomes a string, a `Map` an empty object, `NaN` is `null`.
 * What has no JSON form at all (`undefined`, a function, a BigInt, a cycle) is a `TypeError`. A key named `__proto__` comes back as an
 * ordinary property and changes no prototype.
 */
export const json: Codec<unknown> = {
  encode: (value) => utf8.encode(stringify(value)),
  decode: (bytes) => {
    const text = utf8.decode(bytes)
    try {
      return JSON.parse(text) as unknown
    } catch (error) {
      throw wrapError(error, 'decode', { operation: 'json.decode', message: 'the bytes are not JSON' })
    }
  },
}

/** JSON text of a value, or a `TypeError` that names the value by `what`. */
export function stringify(value: unknown, what = 'the value'): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value) as string | undefined
  } catch (error) {
    throw misuse(new TypeError(`${what} has no JSON form: ${(error as Error).message}`, { cause: error }))
  }
  if (text === undefined) throw misuse(new TypeError(`${what} has no JSON form: it is ${typeof value}`))
  return text
}
