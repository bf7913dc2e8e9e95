import { createSessionStore, utf8, withPrefix } from '@transient/core'
import { createMemoryStore } from '@transient/memory'

async function main(): Promise<void> {
  await using store = createMemoryStore({ maxEntries: 10 })
  await withPrefix(store, 'a:').set('key', utf8.encode('ÅÄÖ'), 1000)
  const value: Uint8Array | undefined = await store.get('a:key')
  if (value === undefined) throw new Error('nothing stored')

  const sessions = createSessionStore<{ name: string }>(store, { secrets: 'x'.repeat(32) })
  const session = await sessions.load()
  session.data.name = utf8.decode(value)
  await session.commit()
  const again = await sessions.load(session.token)
  const name: string | undefined = again.data.name
  console.log(name)
}

void main()
