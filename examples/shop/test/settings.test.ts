import { expect, it } from 'vitest'
import { readSettings, StartError } from '../src/settings.ts'

it('has defaults for everything', () => {
  const unset = { redisUrl: undefined, secret: undefined }
  const settings = { front: 'express', port: 3000, host: '127.0.0.1', ...unset, secure: false }
  expect(readSettings({})).toEqual(settings)
  expect(readSettings({ PORT: '', HOST: '', REDIS_URL: '', SESSION_SECRET: '', SHOP_FRONT: '' })).toEqual(settings)
})

it('takes what is set', () => {
  const secret = 'x'.repeat(32)
  const env = {
    PORT: '0',
    HOST: '::',
    REDIS_URL: 'redis://a',
    SESSION_SECRET: secret,
    SHOP_SECURE: '1',
    SHOP_FRONT: 'hono',
  }
  expect(readSettings(env)).toEqual({ front: 'hono', port: 0, host: '::', redisUrl: 'redis://a', secret, secure: true })
  // What is typed for this one start goes before what is set for all.
  expect(readSettings(env, ['fastify']).front).toBe('fastify')
  expect(readSettings({ NODE_ENV: 'production', SESSION_SECRET: secret }).secure).toBe(true)
})

it.each([
  [{ PORT: '65536' }, /PORT must be a whole number from 0 to 65535, not "65536"/],
  [{ PORT: '-1' }, /PORT must be/],
  [{ PORT: '80.5' }, /PORT must be/],
  [{ PORT: ' 80' }, /PORT must be/],
  [{ SESSION_SECRET: 'short' }, /SESSION_SECRET must have at least 32 characters, it has 5/],
  [{ NODE_ENV: 'production' }, /SESSION_SECRET must be set when NODE_ENV is production/],
  [{ SHOP_FRONT: 'koala' }, /the shop runs on express, fastify, hono, not on "koala"/],
])('refuses %j in one line', (env, line) => {
  expect(() => readSettings(env)).toThrow(StartError)
  expect(() => readSettings(env)).toThrow(line)
})

it('refuses arguments that are no framework', () => {
  expect(() => readSettings({}, ['Express'])).toThrow('not on "Express"')
  expect(() => readSettings({}, [''])).toThrow('not on ""')
  expect(() => readSettings({}, ['hono', 'fastify'])).toThrow('not on "hono fastify"')
})
