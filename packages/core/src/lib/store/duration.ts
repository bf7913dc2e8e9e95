import { checkTtl, misuse } from './checks.ts'
import { quoteKey } from './errors.ts'
import type { Milliseconds } from './transient-store.ts'

/** Milliseconds, or a whole number with its unit: `'500ms'`, `'30s'`, `'20m'`, `'8h'`, `'14d'`. */
export type Duration = Milliseconds | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A duration in milliseconds. Numbers pass if they are positive whole milliseconds, or `Infinity`.
 * Anything else, `'5 minuts'`, `'1.5h'` and `0` among it, is a `RangeError` that names the option.
 */
export function parseDuration(duration: Duration, option = 'duration'): Milliseconds {
  if (typeof duration !== 'string') {
    checkTtl(duration, option)
    return duration
  }
  const match = /^(\d{1,16})(ms|s|m|h|d)$/.exec(duration)
  if (match === null)
    throw misuse(
      new RangeError(`${option} must be like '500ms', '30s', '20m', '8h' or '14d', not ${quoteKey(duration)}`),
    )
  const milliseconds = Number(match[1]) * units[match[2] as keyof typeof units]
  checkTtl(milliseconds, option)
  return milliseconds
}
