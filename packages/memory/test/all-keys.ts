import type { InspectableStore } from '@transient/core/store'

/** All that a scan lists, sorted. */
export async function allKeys(store: InspectableStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const batch of store.scan(prefix)) keys.push(...batch)
  return keys.sort()
}
