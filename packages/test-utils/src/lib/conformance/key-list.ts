import assert from 'node:assert/strict'
import { type InspectableStore, isInspectable, type TransientStore } from '@transient/core/store'

/** The store as one whose keys can be listed; a store that cannot do it fails the test. */
export function inspectable(store: TransientStore): InspectableStore {
  assert.ok(isInspectable(store), 'the store is inspectable')
  return store
}

/** All keys that a scan lists, each once, sorted. */
export async function listKeys(store: TransientStore, prefix = ''): Promise<string[]> {
  const keys = new Set<string>()
  for await (const batch of inspectable(store).scan(prefix)) for (const key of batch) keys.add(key)
  return [...keys].sort()
}
