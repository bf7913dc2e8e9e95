import type { Milliseconds } from '../store/transient-store.ts'
import type { CacheSpace } from './cache-space.ts'
import { type CacheEntry, decodeEntry, type StoredValue } from './entry.ts'
import type { StoreGuard } from './store-guard.ts'

/** What the store showed of a key, together with the tokens that say whether it counts. */
export interface CacheRead {
  readonly key: string
  readonly shard: number
  /** `null`: nothing is there. */
  readonly bytes: Uint8Array | null
  readonly entry: CacheEntry | undefined
  /** Of the namespace and those around it, outermost first; `undefined`: not there. */
  readonly spaces: readonly (string | undefined)[]
  /** The token that changes with every tag. */
  readonly anyTag: string | undefined
  readonly tags: ReadonlyMap<string, string | undefined>
}

/** What a read means. `outdated`: what is there does not count any more; `absent`: nothing is there. */
export type Verdict = 'absent' | 'outdated' | 'lease' | 'fresh' | 'stale'

/** Reads for everybody who asks in one turn of the event loop with one `getMany`, sent after they asked. */
export interface CacheReader {
  /** `tags`: those whose tokens are needed in any case. Those of the entry are always among the read. */
  read(space: CacheSpace, key: string, tags: readonly string[]): Promise<CacheRead>
  /** The tokens under these keys. */
  tokens(keys: readonly string[]): Promise<(string | undefined)[]>
}

interface Batch {
  readonly keys: string[]
  readonly places: Map<string, number>
  readonly answer: Promise<(Uint8Array | undefined)[]>
}

/** What one round trip carries at most. */
const largestBatch = 1000
/** Of how many keys the tags are remembered, so that they are asked for together with the value. */
const mostRemembered = 5000

export function createCacheReader(guard: StoreGuard): CacheReader {
  let batch: Batch | undefined
  const tagsOf = new Map<string, readonly string[]>()

  function openBatch(): Batch {
    const keys: string[] = []
    const opened: Batch = {
      keys,
      places: new Map(),
      answer: Promise.resolve().then(() => {
        if (batch === opened) batch = undefined
        return guard.run('cache.read', (store) => store.getMany(keys))
      }),
    }
    return opened
  }

  /** The values under the keys, by one read together with whoever asks in this turn. */
  function get(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    if (batch === undefined || batch.keys.length + keys.length > largestBatch) batch = openBatch()
    const { places, keys: all, answer } = batch
    const wanted = keys.map((key) => {
      let place = places.get(key)
      if (place === undefined) {
        place = all.push(key) - 1
        places.set(key, place)
      }
      return place
    })
    return answer.then((values) => wanted.map((place) => values[place]))
  }

  async function tokens(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.length === 0 ? [] : (await get(keys)).map(tokenOf)
  }

  function remember(valueKey: string, entry: CacheEntry | undefined): void {
    const tags = entry?.tags
    if (tags === undefined || tags.length === 0) return void tagsOf.delete(valueKey)
    if (!tagsOf.has(valueKey) && tagsOf.size >= mostRemembered) tagsOf.delete(tagsOf.keys().next().value as string)
    tagsOf.set(
      valueKey,
      tags.map(([tag]) => tag),
    )
  }

  return {
    tokens,
    read: async (space, key, wanted) => {
      const shard = space.shardOf(key)
      const valueKey = space.valueKey(key)
      const spaceKeys = space.spaceKeys(shard)
      const first = [...new Set([...wanted, ...(tagsOf.get(valueKey) ?? [])])]
      const [value, any, ...rest] = await get([
        valueKey,
        space.anyTagKey(shard),
        ...spaceKeys,
        ...first.map((tag) => space.tagKey(tag, shard)),
      ])
      const entry = value === undefined ? undefined : decodeEntry(value)
      remember(valueKey, entry)
      const found = rest.map(tokenOf)
      const tags = new Map(first.map((tag, at) => [tag, found[spaceKeys.length + at]]))
      const missing = (entry?.tags ?? []).flatMap(([tag]) => (tags.has(tag) ? [] : [tag]))
      const others = await tokens(missing.map((tag) => space.tagKey(tag, shard)))
      for (const [at, tag] of missing.entries()) tags.set(tag, others[at])
      const spaces = found.slice(0, spaceKeys.length)
      return { key, shard, bytes: value ?? null, entry, spaces, anyTag: tokenOf(any), tags }
    },
  }
}

/** What a read means, at a time. */
export function judge(read: CacheRead, now: Milliseconds): Verdict {
  const { bytes, entry } = read
  if (bytes === null) return 'absent'
  if (entry === undefined || !hasItsTokens(read)) return 'outdated'
  if (entry.kind === 'lease') return 'lease'
  return freshness(entry, now)
}

/** Whether there is an entry that was neither cleared nor tagged out. A token that is not there is like one that has changed. */
export function hasItsTokens({ entry, spaces, tags }: CacheRead): boolean {
  if (entry === undefined || entry.spaces.length !== spaces.length) return false
  return (
    entry.spaces.every((token, at) => token === spaces[at]) &&
    entry.tags.every(([tag, token]) => tags.get(tag) === token)
  )
}

function freshness({ freshUntil, staleUntil }: StoredValue, now: Milliseconds): Verdict {
  if (now < freshUntil) return 'fresh'
  return now < staleUntil ? 'stale' : 'outdated'
}

function tokenOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
