import { describe, expect, test, vi } from 'vitest'
import { rejection } from './caught.ts'
import { createGate } from './gate.ts'
import { useVirtualTime, virtualCaches } from './virtual-caches.ts'

const pass = (span: number) => vi.advanceTimersByTimeAsync(span)

describe('a caller with a signal', () => {
  useVirtualTime()

  test('that has left already asks nobody', async () => {
    const { cache, store } = virtualCaches()
    const reason = new Error('gone')
    const load = vi.fn<() => void>()
    expect(await rejection(cache.getOrSet('key', load, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect([store.calls.count(), load.mock.calls.length]).toEqual([0, 0])
  })

  test('leaves with its own reason, and the load goes on for the others', async () => {
    const { cache } = virtualCaches()
    const gate = createGate<string>()
    const signals: AbortSignal[] = []
    const load = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal)
      return gate.pass()
    }
    const leaver = new AbortController()
    const left = rejection(cache.getOrSet('key', load, { signal: leaver.signal }))
    const stays = cache.getOrSet('key', load)
    await gate.arrived
    leaver.abort('a reason')
    expect(await left).toBe('a reason')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    gate.open('loaded')
    expect([await stays, await cache.get('key')]).toEqual(['loaded', 'loaded'])
  })

  test('is the last to leave: the load is aborted, is no error of the loader, and whoever comes next loads at once', async () => {
    const { cache, other } = virtualCaches({ backoff: '1h', lease: '1h' })
    const gate = createGate<string>()
    const signals: AbortSignal[] = []
    const leavers = [new AbortController(), new AbortController()]
    const left = leavers.map(({ signal: own }) =>
      rejection(
        cache.getOrSet(
          'key',
          ({ signal }) => {
            signals.push(signal)
            return gate.pass()
          },
          { signal: own },
        ),
      ),
    )
    await gate.arrived
    leavers[0]?.abort(1)
    expect(await left[0]).toBe(1)
    expect(signals[0]?.aborted).toBe(false)
    leavers[1]?.abort(2)
    expect(await left[1]).toBe(2)
    expect(signals[0]?.aborted).toBe(true)
    await pass(0)
    // The loader does not listen, and yet nobody waits for it.
    expect(await other.getOrSet('key', () => 'new')).toBe('new')
    gate.open('from the load that nobody wanted')
    await pass(0)
    expect(await cache.getOrSet('key', () => 'newer')).toBe('new')
    await cache.delete('key')
    expect(await cache.getOrSet('key', () => 'no back-off')).toBe('no back-off')
    expect(cache.counts.loadErrors).toBe(0)
  })

  test('that leaves a loader that listens makes it reject, and that is no failure with a back-off', async () => {
    const { cache } = virtualCaches({ backoff: '1h' })
    const leaver = new AbortController()
    const gate = createGate()
    const left = rejection(
      cache.getOrSet(
        'key',
        ({ signal }) => {
          signal.addEventListener('abort', () => gate.fail(signal.reason))
          return gate.pass()
        },
        { signal: leaver.signal },
      ),
    )
    await gate.arrived
    leaver.abort('gone')
    expect(await left).toBe('gone')
    await pass(0)
    expect(cache.counts.loadErrors).toBe(0)
    expect(await cache.getOrSet('key', () => 'new')).toBe('new')
  })

  test('that leaves before the load has begun takes it along', async () => {
    const { cache, store, other } = virtualCaches({ lease: '1h' })
    const held = store.hold('compareAndSet', { key: 'cache:v:key' })
    const load = vi.fn<() => void>()
    const leaver = new AbortController()
    const left = rejection(cache.getOrSet('key', load, { signal: leaver.signal }))
    await held.arrived
    leaver.abort('gone')
    expect(await left).toBe('gone')
    held.release()
    await pass(0)
    expect(load).not.toHaveBeenCalled()
    expect(await other.getOrSet('key', () => 'new')).toBe('new')
  })

  test('that leaves does not end a load for one that only waited too long', async () => {
    const { cache } = virtualCaches()
    const gate = createGate<string>()
    const late = rejection(cache.getOrSet('key', gate.pass, { hardTimeout: 10 }))
    const leaver = new AbortController()
    const left = rejection(cache.getOrSet('key', gate.pass, { signal: leaver.signal }))
    await gate.arrived
    await pass(10)
    expect(await late).toMatchObject({ code: 'timeout' })
    leaver.abort('gone')
    expect(await left).toBe('gone')
    gate.open('loaded')
    await pass(0)
    expect(await cache.get('key')).toBe('loaded')
  })

  test('leaves while the store is asked, while another process loads, and while a stale value is there', async () => {
    const { cache, other, store } = virtualCaches({ grace: 60_000, deadline: '1h' })
    const asked = new AbortController()
    const held = store.hold('getMany')
    const first = rejection(cache.getOrSet('a', () => 1, { signal: asked.signal }))
    await held.arrived
    asked.abort('asked')
    expect(await first).toBe('asked')
    held.release()

    const gate = createGate<string>()
    const elsewhere = other.getOrSet('b', gate.pass)
    await gate.arrived
    const waiting = new AbortController()
    const second = rejection(cache.getOrSet('b', gate.pass, { signal: waiting.signal }))
    await pass(100)
    waiting.abort('waiting')
    expect(await second).toBe('waiting')
    gate.open('loaded')
    expect([await elsewhere, gate.count]).toEqual(['loaded', 1])

    await pass(1000)
    const slow = createGate<string>()
    const soft = new AbortController()
    const third = rejection(cache.getOrSet('b', slow.pass, { softTimeout: '1h', signal: soft.signal }))
    await slow.arrived
    soft.abort('soft')
    expect(await third).toBe('soft')
    slow.open('new')
    await pass(0)
    expect(await cache.get('b')).toBe('new')
  })

  test('whose reason looks like an error of the store still leaves', async () => {
    const { cache, store } = virtualCaches({ deadline: '1h' })
    const failing = virtualCaches()
    failing.store.fail('getMany')
    const reason = await rejection(failing.cache.get('key'))
    const held = store.hold('getMany')
    const load = vi.fn<() => void>()
    const leaver = new AbortController()
    const left = rejection(cache.getOrSet('key', load, { signal: leaver.signal }))
    await held.arrived
    leaver.abort(reason)
    expect(await left).toBe(reason)
    expect(load).not.toHaveBeenCalled()
    held.release()
  })
})
