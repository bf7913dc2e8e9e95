import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  type Duration,
  type InspectableStore,
  type TransientStore,
  utf8,
  type WatchableStore,
  withDeadline,
} from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { caught, rejection } from './caught.ts'

const value = utf8.encode('value')
const run = promisify(execFile)

/** A store whose every call waits until the test lets it go. */
function stalled() {
  const below = createFaultyStore(createMemoryStore())
  const gate = below.hold('*', { times: Number.POSITIVE_INFINITY })
  return { below, gate }
}

describe('withDeadline', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Lets the event loop turn, so that promises and immediates get on, without time passing. */
  const turn = () => vi.advanceTimersByTimeAsync(0)
  /** A moment more than the span: the clock counts in fractions, and the timer in whole milliseconds. */
  const pass = (span: number) => vi.advanceTimersByTimeAsync(span + 1)

  test('hands every verb on, and its answer back', async () => {
    const below = createFaultyStore(createMemoryStore())
    const store = withDeadline(below, 100)
    await store.set('a', value, 1000)
    await store.setMany([{ key: 'b', value, ttl: 1000 }])
    expect(await store.get('a', { touch: 700 })).toEqual(value)
    expect((await below.ttl(['a']))[0]).toBeLessThanOrEqual(700)
    expect(await store.getMany(['a', 'c'])).toEqual([value, undefined])
    expect(await store.touch('b', 500)).toBe(true)
    expect(await store.ttl(['c'])).toEqual([undefined])
    expect(await store.compareAndSet('c', null, value, 1000)).toBe(true)
    expect(await store.compareAndSet('c', value, value, 'keep', { stamp: 1 })).toBe(true)
    expect(await store.compareAndSet('c', value, null)).toBe(true)
    expect(await store.increment('n', 3, 1000)).toMatchObject({ value: 3 })
    expect(await store.take('a')).toEqual(value)
    expect(await store.delete(['b'])).toBe(1)
    const batches: (readonly string[])[] = []
    for await (const batch of store.scan('')) batches.push(batch)
    expect(batches).toEqual([['n']])
    await store.flush()
    expect(await below.get('n')).toBeUndefined()
    const watch = await store.watch('', () => {})
    await watch[Symbol.asyncDispose]()
  })

  const reads: [string, (store: InspectableStore & WatchableStore) => Promise<unknown>][] = [
    ['get', (store) => store.get('k')],
    ['getMany', (store) => store.getMany(['k'])],
    ['ttl', (store) => store.ttl(['k'])],
    ['scan', async (store) => store.scan('')[Symbol.asyncIterator]().next()],
    ['watch', (store) => store.watch('', () => {})],
  ]
  const writes: [string, (store: InspectableStore & WatchableStore) => Promise<unknown>][] = [
    ['get', (store) => store.get('k', { touch: 1000 })],
    ['set', (store) => store.set('k', value, 1000)],
    ['setMany', (store) => store.setMany([{ key: 'k', value, ttl: 1000 }])],
    ['delete', (store) => store.delete('k')],
    ['touch', (store) => store.touch('k', 1000)],
    ['take', (store) => store.take('k')],
    ['compareAndSet', (store) => store.compareAndSet('k', null, value, 1000)],
    ['increment', (store) => store.increment('k', 1, 1000)],
    ['flush', (store) => store.flush()],
  ]

  test.each([
    ...reads.map((read) => [...read, undefined] as const),
    ...writes.map((write) => [...write, 'unknown'] as const),
  ])(
    'a %s that is not answered in time rejects with timeout, and says whether it may have been applied',
    async (operation, call, applied) => {
      const { below } = stalled()
      const failed = rejection(call(withDeadline(below, 250)))
      await vi.advanceTimersByTimeAsync(249)
      expect(await Promise.race([failed, turn().then(() => 'still waiting')])).toBe('still waiting')
      await pass(1)
      const error = await failed
      expect(error).toMatchObject({ name: 'TransientError', code: 'timeout', operation })
      expect((error as { applied?: string }).applied).toBe(applied)
      expect((error as Error).message).toContain('250 ms')
      below.recover()
    },
  )

  test('a timeout names the key of a single call, and none for a batch', async () => {
    const { below } = stalled()
    const store = withDeadline(below, '250ms')
    const failed = Promise.all([
      rejection(store.take('k')),
      rejection(store.getMany(['k'])),
      rejection(store.delete('k')),
    ])
    await pass(250)
    expect((await failed).map((error) => (error as { key?: string }).key)).toEqual(['k', undefined, 'k'])
  })

  test('a late answer is dropped, and so is a late failure', async () => {
    const { below, gate } = stalled()
    below.fail('take', { code: 'unavailable' })
    const store = withDeadline(below, 100)
    const failed = Promise.all([rejection(store.get('k')), rejection(store.take('k'))])
    await pass(100)
    gate.release()
    await turn()
    expect((await failed).map((error) => (error as { code?: string }).code)).toEqual(['timeout', 'timeout'])
  })

  test('a write that timed out may be applied after all, as its error says', async () => {
    const { below, gate } = stalled()
    const failed = rejection(withDeadline(below, 100).set('k', value, 1000))
    await pass(100)
    expect(await failed).toMatchObject({ applied: 'unknown' })
    gate.release()
    await turn()
    expect(await below.get('k')).toEqual(value)
  })

  test("the store's own errors pass as they are", async () => {
    const below = createFaultyStore(createMemoryStore())
    const staged = new Error('staged')
    below.fail('get', { error: staged })
    const store = withDeadline(below, 100)
    expect(await rejection(store.get('k'))).toBe(staged)
    expect(await rejection(store.set('k', value, 0))).toMatchObject({ name: 'RangeError', code: 'invalid-argument' })
    expect(await rejection(store.watch('', null as unknown as () => void))).toMatchObject({ code: 'invalid-argument' })
  })

  test('each call has the whole span, however they overlap', async () => {
    const { below } = stalled()
    const store = withDeadline(below, 100)
    const ends: string[] = []
    const call = (name: string) => void rejection(store.get(name)).then(() => ends.push(name))
    call('first')
    await vi.advanceTimersByTimeAsync(60)
    call('second')
    await vi.advanceTimersByTimeAsync(41)
    expect(ends).toEqual(['first'])
    call('third')
    await vi.advanceTimersByTimeAsync(58)
    expect(ends).toEqual(['first'])
    await vi.advanceTimersByTimeAsync(3)
    expect(ends).toEqual(['first', 'second'])
    await vi.advanceTimersByTimeAsync(37)
    expect(ends).toEqual(['first', 'second'])
    await vi.advanceTimersByTimeAsync(4)
    expect(ends).toEqual(['first', 'second', 'third'])
  })

  test('a call after a quiet time is bounded again', async () => {
    const below = createFaultyStore(createMemoryStore())
    const store = withDeadline(below, 100)
    await store.get('k')
    await vi.advanceTimersByTimeAsync(1000)
    expect(vi.getTimerCount()).toBe(0)
    below.hold('get')
    const failed = rejection(store.get('k'))
    await pass(100)
    expect(await failed).toMatchObject({ code: 'timeout' })
  })

  test('a thousand calls share one timer', async () => {
    const { below, gate } = stalled()
    const store = withDeadline(below, 100)
    const calls = Array.from({ length: 1000 }, (_, index) => store.get(`${index}`))
    expect(vi.getTimerCount()).toBe(1)
    gate.release()
    await Promise.all(calls)
    expect(vi.getTimerCount()).toBe(1)
  })

  test('bounds each step of a scan, not the whole', async () => {
    const below = createMemoryStore()
    const slow = {
      ...below,
      scan: async function* (_prefix: string) {
        for (const key of ['a', 'b', 'c']) {
          await new Promise((resolve) => setTimeout(resolve, 80))
          yield [key]
        }
      },
    }
    const seen: string[] = []
    const scanning = (async () => {
      for await (const keys of withDeadline(slow, 100).scan('')) seen.push(...keys)
    })()
    await vi.advanceTimersByTimeAsync(240)
    await scanning
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  test('ends the scan below when its reader stops, or a step times out', async () => {
    let ended = 0
    let block = false
    const source = {
      ...createMemoryStore(),
      scan: async function* (_prefix: string) {
        try {
          for (;;) {
            if (block) await new Promise((resolve) => setTimeout(resolve, 500))
            yield ['key']
          }
        } finally {
          ended++
        }
      },
    }
    const store = withDeadline(source, 100)
    for await (const keys of store.scan('')) if (keys.length > 0) break
    await turn()
    expect(ended).toBe(1)
    block = true
    const failed = rejection(
      (async () => {
        for await (const keys of store.scan('')) expect(keys).toEqual([])
      })(),
    )
    await pass(100)
    expect(await failed).toMatchObject({ code: 'timeout', operation: 'scan' })
    await vi.advanceTimersByTimeAsync(500)
    expect(ended).toBe(2)
  })

  test('a watch that comes too late is ended: nobody else could', async () => {
    const { below, gate } = stalled()
    const changes: unknown[] = []
    const failed = rejection(withDeadline(below, 100).watch('', (change) => changes.push(change)))
    await pass(100)
    expect(await failed).toMatchObject({ code: 'timeout', operation: 'watch' })
    gate.release()
    await turn()
    await below.set('k', value, 1000)
    expect(changes).toEqual([])
  })

  test('close is not bounded, and reaches the store', async () => {
    const below = createMemoryStore()
    await withDeadline(below, 1).close()
    expect(await rejection(below.get('k'))).toMatchObject({ code: 'closed' })
  })

  test.each([0, -1, 1.5, Number.NaN, '5 minuts', Number.POSITIVE_INFINITY, 2 ** 31, '25d'])(
    'refuses the deadline %j, which no timer can keep',
    (deadline) => {
      const error = caught(() => withDeadline(createMemoryStore(), deadline as Duration))
      expect(error).toBeInstanceOf(RangeError)
      expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('deadline') as string })
    },
  )

  test('takes the longest that a timer can keep', async () => {
    const { below } = stalled()
    const call = withDeadline(below, '24d').get('k')
    await vi.advanceTimersByTimeAsync(1_000_000)
    below.recover()
    expect(await call).toBeUndefined()
  })
})

describe('withDeadline on real time', () => {
  test('an event loop that stalls past the deadline does not time out answers that are in', async () => {
    const answers: (() => void)[] = []
    const below = {
      ...createMemoryStore(),
      // Answers as a socket does: in the poll phase of the event loop.
      get: () => new Promise<undefined>((resolve) => answers.push(() => setImmediate(() => resolve(undefined)))),
    } as unknown as TransientStore
    const call = withDeadline(below, 20).get('k')
    // A real stall: what happens to timers and answers then cannot be had on a fake clock.
    const until = performance.now() + 60
    setTimeout(() => answers.forEach((answer) => answer()), 0)
    while (performance.now() < until);
    expect(await call).toBeUndefined()
  })

  const child = async (script: string) => {
    const deadline = fileURLToPath(new URL('../src/lib/store/deadline-timer.ts', import.meta.url))
    const { build } = await import('esbuild')
    const { outputFiles } = await build({ entryPoints: [deadline], bundle: true, write: false, format: 'esm' })
    const source = `${outputFiles[0]?.text ?? ''}\n${script}`
    // A real process and real time: whether a process ends or answers cannot be seen from within.
    return run(process.execPath, ['--input-type=module', '-e', source], { timeout: 10_000 })
  }

  test('the timer keeps no process alive', async () => {
    const started = performance.now()
    await child(`createDeadlineTimer(60_000)(Promise.resolve(1), () => new Error('late'))`)
    await child(`createDeadlineTimer(60_000)(new Promise(() => {}), () => new Error('late'))`)
    expect(performance.now() - started).toBeLessThan(9000)
  })

  test('a call is answered in time also where nothing else happens in the process', async () => {
    const { stdout } = await child(`
      import { createServer } from 'node:net'
      createServer().listen(0, '127.0.0.1')
      createDeadlineTimer(50)(new Promise(() => {}), () => new Error('late')).catch((error) => {
        console.log(error.message)
        process.exit()
      })`)
    expect(stdout).toBe('late\n')
  })
})
