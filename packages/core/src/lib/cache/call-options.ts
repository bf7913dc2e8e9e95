import { checkKey, misuse } from '../store/checks.ts'
import { parseDuration } from '../store/duration.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { GetOrSetOptions } from './cache.ts'

/** The options of one call, read and checked. */
export interface CallOptions {
  readonly ttl: Milliseconds
  readonly grace: Milliseconds
  readonly jitter: number
  readonly negativeTtl: Milliseconds | undefined
  readonly softTimeout: Milliseconds
  readonly hardTimeout: Milliseconds | undefined
  readonly earlyRefresh: number | undefined
  readonly tags: readonly string[]
  readonly signal: AbortSignal | undefined
}

const usual: CallOptions = {
  ttl: 300_000,
  grace: 0,
  jitter: 0.05,
  negativeTtl: undefined,
  softTimeout: 0,
  hardTimeout: undefined,
  earlyRefresh: undefined,
  tags: [],
  signal: undefined,
}

// What setTimeout can wait for.
const longestWait = 2 ** 31 - 1

/** The options over those of the cache. What makes no sense is a `TypeError` or `RangeError` that names the option. */
export function callOptions(options: GetOrSetOptions | undefined, defaults: CallOptions = usual): CallOptions {
  if (options === undefined) return defaults
  const { ttl, grace, negativeTtl, softTimeout, hardTimeout, jitter, earlyRefresh, tags, signal } = options
  return {
    ttl: ttl === undefined ? defaults.ttl : parseDuration(ttl, 'ttl'),
    grace: grace === undefined ? defaults.grace : parseDuration(grace, 'grace'),
    jitter: jitter === undefined ? defaults.jitter : checkPart(jitter, 'jitter'),
    negativeTtl: negativeTtl === undefined ? defaults.negativeTtl : parseDuration(negativeTtl, 'negativeTtl'),
    softTimeout:
      softTimeout === undefined || softTimeout === 0
        ? (softTimeout ?? defaults.softTimeout)
        : wait(softTimeout, 'softTimeout'),
    hardTimeout: hardTimeout === undefined ? defaults.hardTimeout : wait(hardTimeout, 'hardTimeout'),
    earlyRefresh: earlyRefresh === undefined ? defaults.earlyRefresh : checkPart(earlyRefresh, 'earlyRefresh'),
    tags: tags === undefined ? defaults.tags : checkTags(tags),
    signal: signal === undefined ? defaults.signal : checkSignal(signal),
  }
}

/** Refuses what is no list of tags: a `TypeError`. Gives each once. */
export function checkTags(tags: unknown): readonly string[] {
  if (!Array.isArray(tags)) throw misuse(new TypeError('tags must be an array of strings'))
  for (const tag of tags as unknown[]) {
    if (typeof tag !== 'string' || tag === '') throw misuse(new TypeError('tags must be strings that are not empty'))
    checkKey(tag)
  }
  return [...new Set(tags as string[])]
}

function wait(duration: Parameters<typeof parseDuration>[0], option: string): Milliseconds {
  const span = parseDuration(duration, option)
  if (span > longestWait) throw misuse(new RangeError(`${option} must be at most 24 days`))
  return span
}

function checkPart(part: unknown, option: string): number {
  if (typeof part === 'number' && part >= 0 && part <= 1) return part
  throw misuse(new RangeError(`${option} must be a number from 0 to 1`))
}

function checkSignal(signal: unknown): AbortSignal {
  if (signal instanceof AbortSignal) return signal
  throw misuse(new TypeError('signal must be an AbortSignal'))
}
