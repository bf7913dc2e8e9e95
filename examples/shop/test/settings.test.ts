import { expect, it } from 'vitest'
import { readSettings, StartError } from '../src/settings.ts'

it('has defaults for everything', () => {
  const settings = { port: 3000, host: '127.0.0.1', redisUrl: undefined, secret: undefined, secure: false }
  expect(readSettings({})).toEqual(settings)
  expect(readSettings({ PORT: '', HOST: '', REDIS_URL: '', SESSION_SECRET: '' })).toEqual(settings)
})

it('takes what is set', () => {
  const secret = 'x'.repeat(32)
  const env = { PORT: '0', HOST: '::', REDIS_URL: 'redis://a', SESSION_SECRET: secret, SHOP_SECURE: '1' }
  expect(readSettings(env)).toEqual({ port: 0, host: '::', redisUrl: 'redis://a', secret, secure: true })
  expect(readSettings({ NODE_ENV: 'production', SESSION_SECRET: secret }).secure).toBe(true)
})

it.each([
  [{ PORT: '65536' }, /PORT must be a whole number from 0 to 65535, not "65536"/],
  [{ PORT: '-1' }, /PORT must be/],
  [{ PORT: '80.5' }, /PORT must be/],
  [{ PORT: ' 80' }, /PORT must be/],
  [{ SESSION_SECRET: 'short' }, /SESSION_SECRET must have at least 32 characters, it has 5/],
  [{ NODE_ENV: 'production' }, /SESSION_SECRET must be set when NODE_ENV is production/],
])('refuses %j in one line', (env, line) => {
  expect(() => readSettings(env)).toThrow(StartError)
  expect(() => readSettings(env)).toThrow(line)
})
