import { randomBytes } from 'node:crypto'
import { checkKey, misuse } from '../store/checks.ts'

/**
 * The keys of one namespace. What follows `v:` and `l:` is a key of the application as it is; what follows `s:` is the name of a namespace inside, with `:`
 * and `%` escaped, and a `:`. So no two namespaces, and no two kinds of keys, can meet, whatever they are called.
 *
 * A token exists once in each of several shards, and a value looks at those of its shard: on a cluster all reads of a namespace would otherwise go to
 * the one node that holds its token.
 */
export interface CacheSpace {
  /** In front of every key of this namespace and of those inside it. */
  readonly root: string
  /** Names the namespace in counters and events: the names of those around it and its own. */
  readonly path: readonly string[]
  valueKey(key: string): string
  /** Held by who loads a value anew while the stale one stays where it is. */
  leaseKey(key: string): string
  /** The shard of a key. */
  shardOf(key: string): number
  /** The keys with the tokens of this namespace and of those around it, outermost first. */
  spaceKeys(shard: number): readonly string[]
  /** The key with the token that changes with every invalidation of any tag. */
  anyTagKey(shard: number): string
  tagKey(tag: string, shard: number): string
  inside(name: string): CacheSpace
}

/** How often each token exists. */
const shardCount = 8

/** All of them: whoever changes a token changes it everywhere. */
export const allShards: readonly number[] = /* @__PURE__ */ Array.from({ length: shardCount }, (_, shard) => shard)

export function createCacheSpace(
  prefix: string,
  path: readonly string[] = [],
  around: readonly CacheSpace[] = [],
): CacheSpace {
  const spaceKeys = allShards.map((shard) => [
    ...(around.at(-1)?.spaceKeys(shard) ?? []),
    `${prefix}n:${shard}`,
  ]) as readonly (readonly string[])[]
  const space: CacheSpace = {
    root: prefix,
    path,
    valueKey: (key) => `${prefix}v:${key}`,
    leaseKey: (key) => `${prefix}l:${key}`,
    shardOf,
    spaceKeys: (shard) => spaceKeys[shard] as readonly string[],
    anyTagKey: (shard) => `${prefix}a:${shard}`,
    tagKey: (tag, shard) => `${prefix}t:${shard}:${tag}`,
    inside: (name) => {
      if (typeof name !== 'string' || name === '')
        throw misuse(new TypeError('the name of a namespace must be a string that is not empty'))
      checkKey(name)
      const escaped = name.replaceAll('%', '%25').replaceAll(':', '%3A')
      return createCacheSpace(`${prefix}s:${escaped}:`, [...path, name], [...around, space])
    },
  }
  return space
}

/** FNV-1a over the key's length and its last characters. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5 ^ key.length
  for (let at = Math.max(0, key.length - 32); at < key.length; at++)
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % shardCount
}

/** A text that there never was before. */
export function newToken(): string {
  return randomBytes(12).toString('base64url')
}

/** A key of a cache, taken apart. */
export interface ParsedKey {
  /** In front of the keys of the namespace it belongs to. */
  readonly root: string
  /** `v`: a value, `l`: a lease beside one, `n`: a token of the namespace, `t`: one of a tag, `a`: the one of all tags. */
  readonly kind: string
  readonly rest: string
}

/** What a key under the prefix is; `undefined` if it is none of a cache. */
export function parseCacheKey(prefix: string, key: string): ParsedKey | undefined {
  if (!key.startsWith(prefix)) return undefined
  let at = prefix.length
  while (key.startsWith('s:', at)) {
    const end = key.indexOf(':', at + 2)
    if (end === -1) return undefined
    at = end + 1
  }
  if (key[at + 1] !== ':') return undefined
  return { root: key.slice(0, at), kind: key[at] as string, rest: key.slice(at + 2) }
}
