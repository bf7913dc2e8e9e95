import { setTimeout as wait } from 'node:timers/promises'
import { createMemoryStore } from '@transient/memory'
import { LRUCache } from 'lru-cache'

const [side, entries, size] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const ttl = 3_600_000

const before = await heldBytes()
const holder = side === 'ours' ? await fillStore() : fillCache()
const perEntry = ((await heldBytes()) - before) / entries
// Asked afterwards: what nobody will use again may be collected before it is measured.
if (holder.count() !== entries) throw new Error(`${holder.count()} of ${entries} entries are there`)
process.send?.(perEntry)

interface Holder {
  count(): number
}

async function fillStore(): Promise<Holder> {
  const store = createMemoryStore({ maxEntries: entries, maxBytes: 2 * entries * (size + 1024) })
  for (let index = 0; index < entries; index += 1) await store.set(keyOf(index), valueOf(index), ttl)
  return { count: () => store.usage().entries }
}

function fillCache(): Holder {
  const cache = new LRUCache<string, Uint8Array>({ max: entries, ttl })
  for (let index = 0; index < entries; index += 1) cache.set(keyOf(index), valueOf(index))
  return { count: () => cache.size }
}

function valueOf(index: number): Uint8Array {
  return new Uint8Array(size).fill(index)
}

/** As it would come off the network: a text of its own, not one that V8 keeps as the pieces it was put together from. */
function keyOf(index: number): string {
  return Buffer.from(`entry:${index.toString().padStart(8, '0')}`).toString()
}

/** The heap and what hangs on it after a collection; `external` includes the array buffers. */
async function heldBytes(): Promise<number> {
  for (let turn = 0; turn < 4; turn += 1) {
    globalThis.gc?.()
    // Array buffers are freed by finalizers, in a turn of their own and partly by other threads.
    await wait(50)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
