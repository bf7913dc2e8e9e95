import { expect, test } from 'vitest'
import { frameworks } from '../src/http/server-order.ts'
import { httpPlanOf, parts, planOf, readOptions } from '../src/options.ts'

test('without options everything is measured, at length, with ioredis 6, and nothing is judged', () => {
  expect(readOptions([])).toEqual({
    only: parts,
    quick: false,
    check: false,
    help: false,
    server: undefined,
    ioredis: 6,
    ownConnection: false,
    frameworks,
    profiles: undefined,
  })
})

test('parts can be picked, several too', () => {
  expect(readOptions(['--only', 'cas']).only).toEqual(['cas'])
  expect(readOptions(['--only', 'memory', '--only=memory-bytes']).only).toEqual(['memory', 'memory-bytes'])
})

test('frameworks can be picked, and a folder for profiles', () => {
  const options = readOptions(['--framework', 'fastify', '--framework', 'node:http', '--profiles', '/tmp/profiles'])
  expect(options).toMatchObject({ frameworks: ['fastify', 'node:http'], profiles: '/tmp/profiles' })
})

test('the "--" of a package manager is not an option', () => {
  expect(readOptions(['--', '--quick']).quick).toBe(true)
})

test('a server and a version can be named', () => {
  expect(readOptions(['--server', '/opt/valkey-server', '--ioredis', '5'])).toMatchObject({
    server: '/opt/valkey-server',
    ioredis: 5,
  })
})

test('what is not known is an error that says what is', () => {
  expect(() => readOptions(['--only', 'disk'])).toThrow(
    '--only is one of memory, memory-bytes, redis, cas, http, not disk',
  )
  expect(() => readOptions(['--framework', 'next'])).toThrow(
    '--framework is one of express, fastify, hono, koa, node:http, web, not next',
  )
  expect(() => readOptions(['--ioredis', '4'])).toThrow('--ioredis is 5 or 6, not 4')
  expect(() => readOptions(['--fast'])).toThrow('--fast')
  expect(() => readOptions(['memory'])).toThrow('memory')
})

test('a connection of its own is one of ioredis 6, and is refused with 5', () => {
  expect(() => readOptions(['--own-connection', '--ioredis', '5'])).toThrow('--own-connection needs ioredis 6')
})

test('an even number of pairs in each round lets both contenders go first equally often', () => {
  for (const quick of [true, false]) {
    expect(planOf({ quick }).pairs % 2).toBe(0)
    expect(httpPlanOf({ quick }).pairs % 2).toBe(0)
  }
})
