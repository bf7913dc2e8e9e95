import { EventEmitter } from 'node:events'
import type { TrackableClient } from '@transient/redis'
import { expect, test } from 'vitest'
import { openTrackingConnection } from '../src/lib/tracking-connection.ts'

/** A client whose answers to PING are given by hand. */
function fakeClient() {
  const pings: ((answer: string) => void)[] = []
  const redis = Object.assign(new EventEmitter(), {
    status: 'ready',
    callBuffer: async () => null,
    connect: async () => {},
    call: async () => 'OK',
    subscribe: async () => 1,
    ping: () => new Promise<string>((resolve) => pings.push(resolve)),
    disconnect: () => {},
    duplicate: () => redis,
  })
  return { client: redis as TrackableClient, redis, pings }
}

function recordEvents() {
  const told: string[] = []
  const events = {
    changed: (keys: readonly string[]) => void told.push(keys.join()),
    gap: () => void told.push('gap'),
    lost: () => void told.push('lost'),
  }
  return { told, events }
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))

test('an answer that has arrived, but was not read before two heartbeats were due, is an answer', async () => {
  const { client, pings } = fakeClient()
  const { told, events } = recordEvents()
  const connection = openTrackingConnection(client, ['k'], events)
  await connection.armed
  connection.beat()
  setImmediate(() => pings[0]?.('PONG'))
  connection.beat()
  await turn()
  expect(told).toEqual([])
  expect(connection.isAlive()).toBe(true)
  connection.beat()
  connection.beat()
  await turn()
  expect(told).toEqual(['lost'])
  expect(connection.isAlive()).toBe(false)
})

test('a loss is told once, a close is not, and neither is a loss before it was armed, which is a rejection', async () => {
  const { told, events } = recordEvents()
  const armed = [fakeClient(), fakeClient(), fakeClient()]
  const [lost, closed, early] = armed.map(({ client }) => openTrackingConnection(client, [''], events))
  armed[2]?.redis.emit('close')
  await expect(early?.armed).rejects.toMatchObject({ code: 'unavailable', operation: 'watch' })
  await Promise.all([lost?.armed, closed?.armed])
  expect(told).toEqual([])
  closed?.close()
  for (const { redis } of [...armed, ...armed]) redis.emit('close')
  expect(told).toEqual(['lost'])
})
