import { setImmediate as nextTurn } from 'node:timers/promises'
import { createMemoryStore } from '@transient/memory'
import { LRUCache } from 'lru-cache'
import type { MemoryVerb, Side, Work } from './work.ts'

// Enough for V8 to see many strings, few enough for all to stay in the processor's cache: the code is what we compare.
const keyCount = 1024
const valueBytes = 100
const ttl = 60_000
// A server gets back to its event loop too. There lru-cache's timer makes it look at the clock again.
const turnLength = 1000

type Turn = (operations: number) => Promise<void>

/** Reads and writes of 1024 keys, with values of 100 bytes. */
export async function createMemoryWork(side: Side, verb: MemoryVerb): Promise<Work> {
  const names = Array.from({ length: keyCount }, (_, index) => `entry:${index.toString().padStart(8, '0')}`)
  const keys = verb === 'get miss' ? names.map((name) => `no-${name}`) : names
  const values = names.map((_, index) => new Uint8Array(valueBytes).fill(index))
  const turn = await (side === 'ours' ? ourTurn : bareTurn)(verb, names, keys, values)
  return {
    async run(operations) {
      for (let left = operations; left > 0; left -= turnLength) {
        await turn(Math.min(left, turnLength))
        await nextTurn()
      }
      return operations
    },
    async close() {},
  }
}

// Each loop below is written out by itself: one loop over many functions would measure how V8 calls what it cannot foresee.

async function ourTurn(
  verb: MemoryVerb,
  names: readonly string[],
  keys: readonly string[],
  values: readonly Uint8Array[],
): Promise<Turn> {
  const store = createMemoryStore()
  for (const [index, name] of names.entries()) await store.set(name, values[index] as Uint8Array, ttl)
  expectHit(verb !== 'get miss', await store.get(keys[0] as string))
  if (verb === 'set' || verb === 'set of a copy')
    return async (operations) => {
      for (let index = 0; index < operations; index += 1) {
        const at = index % keyCount
        await store.set(keys[at] as string, values[at] as Uint8Array, ttl)
      }
    }
  return async (operations) => {
    for (let index = 0; index < operations; index += 1) await store.get(keys[index % keyCount] as string)
  }
}

async function bareTurn(
  verb: MemoryVerb,
  names: readonly string[],
  keys: readonly string[],
  values: readonly Uint8Array[],
): Promise<Turn> {
  const cache = new LRUCache<string, Uint8Array>({ max: 100_000, ttl })
  const get = async (key: string): Promise<Uint8Array | undefined> => cache.get(key)
  const set = async (key: string, value: Uint8Array): Promise<void> => {
    cache.set(key, value)
  }
  for (const [index, name] of names.entries()) cache.set(name, values[index])
  expectHit(verb !== 'get miss', await get(keys[0] as string))
  if (verb === 'set')
    return async (operations) => {
      for (let index = 0; index < operations; index += 1) {
        const at = index % keyCount
        await set(keys[at] as string, values[at] as Uint8Array)
      }
    }
  if (verb === 'set of a copy')
    return async (operations) => {
      for (let index = 0; index < operations; index += 1) {
        const at = index % keyCount
        await set(keys[at] as string, new Uint8Array(values[at] as Uint8Array))
      }
    }
  return async (operations) => {
    for (let index = 0; index < operations; index += 1) await get(keys[index % keyCount] as string)
  }
}

function expectHit(hit: boolean, value: Uint8Array | undefined): void {
  if ((value !== undefined) !== hit) throw new Error(`a ${hit ? 'hit' : 'miss'} was to be measured, and it is none`)
}
