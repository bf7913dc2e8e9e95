import type { TransientStore } from '@transient/core/store'
import type { Aim } from './aim.ts'
import type { BenchServer } from './bench-server.ts'
import { openStore } from './redis-work.ts'
import type { Row, Table } from './table.ts'
import type { RedisConnectionOrder } from './work.ts'

const ttl = 60_000
const hundred = Array.from({ length: 100 }, (_, index) => `batch:${index}`)
const one = Buffer.from('first value')
const other = Buffer.from('other value')
const stamp = 5

interface Verb {
  readonly label: string
  readonly aim?: Aim
  /** What has to be there beforehand, uncounted. */
  prepare?(store: TransientStore): Promise<unknown>
  call(store: TransientStore): Promise<unknown>
}

const single: Aim = { atMost: 1 }
const there = (store: TransientStore): Promise<void> => store.set('key', one, ttl)
const allThere = (store: TransientStore): Promise<void> =>
  store.setMany(hundred.map((key) => ({ key, value: one, ttl })))

const verbs: readonly Verb[] = [
  { label: 'get', aim: single, prepare: there, call: (store) => store.get('key') },
  { label: 'get, a miss', aim: single, call: (store) => store.get('nothing') },
  { label: 'get with touch', aim: single, prepare: there, call: (store) => store.get('key', { touch: ttl }) },
  { label: 'getMany of 100', aim: single, prepare: allThere, call: (store) => store.getMany(hundred) },
  { label: 'set', aim: single, call: there },
  { label: 'setMany of 100', call: allThere },
  { label: 'delete', aim: single, prepare: there, call: (store) => store.delete('key') },
  { label: 'delete of 100', aim: single, prepare: allThere, call: (store) => store.delete(hundred) },
  { label: 'touch', aim: single, prepare: there, call: (store) => store.touch('key', ttl) },
  {
    label: 'touch for ever',
    aim: single,
    prepare: there,
    call: (store) => store.touch('key', Number.POSITIVE_INFINITY),
  },
  { label: 'ttl', aim: single, prepare: there, call: (store) => store.ttl(['key']) },
  { label: 'ttl of 100', prepare: allThere, call: (store) => store.ttl(hundred) },
  { label: 'take', aim: single, prepare: there, call: (store) => store.take('key') },
  {
    label: 'compareAndSet, creating',
    aim: single,
    prepare: (store) => store.delete('key'),
    call: (store) => store.compareAndSet('key', null, one, ttl),
  },
  {
    label: 'compareAndSet, replacing',
    aim: single,
    prepare: there,
    call: (store) => store.compareAndSet('key', one, other, ttl),
  },
  {
    label: 'compareAndSet, by stamp',
    aim: single,
    prepare: there,
    call: (store) => store.compareAndSet('key', one, other, 'keep', { stamp }),
  },
  {
    label: 'compareAndSet, refused',
    aim: single,
    prepare: there,
    call: (store) => store.compareAndSet('key', other, one, ttl),
  },
  {
    label: 'compareAndSet, deleting',
    aim: single,
    prepare: there,
    call: (store) => store.compareAndSet('key', one, null),
  },
  { label: 'increment', aim: single, call: (store) => store.increment('counter', 1, ttl) },
]

/** Each verb once, as the server's MONITOR shows it. */
export async function countVerbs(server: BenchServer, connection: RedisConnectionOrder): Promise<Table> {
  await server.empty()
  const { store, close } = await openStore(connection)
  const rows: Row[] = []
  try {
    for (const { label, aim, prepare, call } of verbs) {
      // Once uncounted: the first use of a script also sends its text, and the first swap finds out what the server can do.
      await prepare?.(store)
      await call(store)
      await prepare?.(store)
      const names = await server.countCommands(() => call(store))
      const sent = [...new Set(names)].join(', ')
      rows.push({
        label,
        cells: [String(names.length), sent],
        figure: names.length,
        ...(aim === undefined ? {} : { aim }),
      })
    }
  } finally {
    await close()
  }
  return {
    title: 'Commands on the wire for each verb, counted by the server (MONITOR, without what scripts run inside it)',
    columns: ['commands', 'which'],
    rows,
  }
}
