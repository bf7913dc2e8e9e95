import { utf8 } from '@transient/core'
import { createMockStore } from '@transient/mock'

async function main(): Promise<void> {
  await using store = createMockStore()
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  await store.set('bytes', every, 10_000)
  await store.set('key', utf8.encode('ÅÄÖ'), 10_000)
  const [bytes, value] = await store.getMany(['bytes', 'key'])
  if (bytes === undefined || value === undefined) throw new Error('nothing stored')
  if (Buffer.compare(bytes, every) !== 0) throw new Error('bytes came back changed')
  console.log(utf8.decode(value))
}

void main()
