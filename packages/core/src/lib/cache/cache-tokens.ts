import { utf8 } from '../codec/utf8.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import type { CacheReader } from './cache-reader.ts'
import { allShards, type CacheSpace, newToken } from './cache-space.ts'
import type { StoreGuard } from './store-guard.ts'

/** Makes tokens and ends them. A token that is not there ends what was stored with it, so losing one never keeps anything. */
export interface CacheTokens {
  /** The tokens under the keys; one that was read already is not read again, and one that is not there is made. */
  ensure(keys: readonly string[], known: readonly (string | undefined)[]): Promise<string[]>
  /** Sees to it that the tokens outlive what is stored with them, if this process has not done so today. */
  keepFor(keys: readonly string[], life: Milliseconds): Promise<void>
  /** Ends everything of the namespace. */
  endSpace(space: CacheSpace): Promise<void>
  /** Ends everything with one of the tags. */
  endTags(space: CacheSpace, tags: readonly string[]): Promise<void>
}

const day = 86_400_000
/** Tokens go by themselves when nothing was stored with them for so long: names of tags and tenants come and go. */
const shortestLife = 30 * day
const mostRemembered = 10_000

export function createCacheTokens(guard: StoreGuard, reader: CacheReader, now: () => Milliseconds): CacheTokens {
  const kept = new Map<string, { readonly at: Milliseconds; readonly span: Milliseconds }>()

  async function make(key: string): Promise<string> {
    const token = newToken()
    const isOurs = await guard.run('cache.tokens', (store) =>
      store.compareAndSet(key, null, utf8.encode(token), shortestLife),
    )
    if (isOurs) {
      isKept(key, shortestLife, now())
      return token
    }
    const [theirs] = await reader.tokens([key])
    // Gone again at once: then what is stored with ours is a miss, as it has to be.
    return theirs ?? token
  }

  function isKept(key: string, span: Milliseconds, at: Milliseconds): boolean {
    const last = kept.get(key)
    if (last !== undefined && at - last.at < day && span <= last.span) return true
    kept.delete(key)
    if (kept.size >= mostRemembered) kept.delete(kept.keys().next().value as string)
    kept.set(key, { at, span })
    return false
  }

  async function touch(key: string, span: Milliseconds): Promise<void> {
    try {
      await guard.run('cache.tokens', (store) => store.touch(key, span))
    } catch (error) {
      kept.delete(key)
      throw error
    }
  }

  return {
    ensure: (keys, known) => Promise.all(keys.map(async (key, at) => known[at] ?? make(key))),
    keepFor: async (keys, life) => {
      const time = now()
      const span = Math.max(shortestLife, 2 * life)
      const due = keys.filter((key) => !isKept(key, span, time))
      await Promise.all(due.map((key) => touch(key, span)))
    },
    endSpace: async (space) => {
      const keys = allShards.map((shard) => space.spaceKeys(shard).at(-1) as string)
      await guard.run('cache.clear', (store) => store.delete(keys))
    },
    endTags: async (space, tags) => {
      // First, and by another token in its place: a load that adds one of the tags late sees that this one has changed, or the tag's own token as it
      // is from now on.
      const any = allShards.map((shard) => ({
        key: space.anyTagKey(shard),
        value: utf8.encode(newToken()),
        ttl: shortestLife,
      }))
      await guard.run('cache.invalidateTags', (store) => store.setMany(any))
      const keys = tags.flatMap((tag) => allShards.map((shard) => space.tagKey(tag, shard)))
      await guard.run('cache.invalidateTags', (store) => store.delete(keys))
    },
  }
}
