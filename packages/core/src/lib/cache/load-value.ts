import type { Milliseconds } from '../store/transient-store.ts'
import type { CacheEngine } from './cache-engine.ts'
import type { CacheSpace } from './cache-space.ts'
import type { CallOptions } from './call-options.ts'
import { type EntryTokens, encodeEntry } from './entry.ts'

/** A hundred years. */
const longestLife = 36_525 * 86_400_000

/** Sees to it that the tokens outlive the value. Not the one of all tags: it is looked at only while something is being loaded. */
export function keepTokens(
  { tokens }: CacheEngine,
  space: CacheSpace,
  key: string,
  tags: readonly string[],
  life: Milliseconds,
): Promise<void> {
  const shard = space.shardOf(key)
  const own = tags.map((tag) => space.tagKey(tag, shard))
  return tokens.keepFor([...space.spaceKeys(shard), ...own], life)
}

/** The bytes of a value with its times, and how long the store is to keep them. */
export function valueEntry(
  { now }: CacheEngine,
  { spaces, tags }: EntryTokens,
  payload: Uint8Array | undefined,
  ttl: Milliseconds,
  grace: Milliseconds,
): { readonly bytes: Uint8Array; readonly life: Milliseconds } {
  const madeAt = now()
  const freshUntil = madeAt + ttl
  const entry = { kind: 'value', spaces, tags, madeAt, freshUntil, staleUntil: freshUntil + grace, payload } as const
  // What lasts longer than stores can count lasts for ever.
  const life = ttl + grace
  return { bytes: encodeEntry(entry), life: life > longestLife ? Number.POSITIVE_INFINITY : life }
}

/** The bytes of a value; `undefined` for `undefined`. Throws a `TypeError` for one that the codec cannot encode. */
export function payloadOf({ codec }: CacheEngine, value: unknown): Uint8Array | undefined {
  return value === undefined ? undefined : codec.encode(value)
}

/** How long a value is fresh. */
export function lifeOf(value: unknown, own: Milliseconds | undefined, call: CallOptions): Milliseconds {
  const isNothing = value === undefined || value === null
  const ttl = own ?? (isNothing ? call.negativeTtl : undefined) ?? call.ttl
  return ttl === Number.POSITIVE_INFINITY ? ttl : Math.max(1, Math.floor(ttl * (1 - Math.random() * call.jitter)))
}
