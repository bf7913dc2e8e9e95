/**
 * What one import costs an application, minified and gzipped, without what Node brings along.
 *
 * @param {string} name
 * @param {string} door
 * @param {string} imported
 * @param {string} limit
 * @param {string[]} [ignore] dependencies that are not counted
 */
const budget = (name, door, imported, limit, ignore = []) => ({
  name: `${name}: ${imported === '*' ? 'everything' : imported}${ignore.length > 0 ? `, without ${ignore.join(' and ')}` : ''}`,
  path: `packages/${door}`,
  import: imported === '*' ? '*' : `{ ${imported} }`,
  limit,
  gzip: true,
  ignore,
  /** @param {import('esbuild').BuildOptions} config */
  modifyEsbuildConfig: (config) => ({ ...config, platform: 'node', format: 'esm' }),
})

export default [
  budget('core', 'core/dist/index.js', 'createSessionStore', '16.6 kB'),
  budget('core', 'core/dist/index.js', 'withPrefix', '1.4 kB'),
  budget('core', 'core/dist/index.js', 'withDeadline', '2 kB'),
  budget('core', 'core/dist/index.js', 'json', '0.95 kB'),
  budget('core', 'core/dist/index.js', 'isTransientError', '0.25 kB'),
  budget('core', 'core/dist/index.js', 'createCache', '12 kB'),
  budget('core', 'core/dist/index.js', '*', '29 kB'),
  budget('core/store', 'core/dist/store.js', '*', '1.6 kB'),
  budget('memory', 'memory/dist/index.js', 'createMemoryStore', '3.8 kB', ['lru-cache']),
  budget('memory', 'memory/dist/index.js', 'createMemoryStore', '9.9 kB'),
  budget('redis', 'redis/dist/index.js', 'createRedisStore', '8.8 kB', ['ioredis']),
  budget('mock', 'mock/dist/index.js', 'createMockStore', '10.1 kB', ['ioredis', 'ioredis-mock']),
  budget('http', 'http/dist/index.js', 'createSessionLifecycle', '7 kB'),
  budget('http', 'http/dist/index.js', 'createSessionHandler', '5.6 kB'),
  budget('http', 'http/dist/index.js', '*', '10.5 kB'),
  budget('express', 'express/dist/index.js', 'sessionMiddleware', '7.1 kB'),
  budget('fastify', 'fastify/dist/index.js', 'sessionPlugin', '5.5 kB', ['fastify']),
  budget('hono', 'hono/dist/index.js', 'sessionMiddleware', '5.5 kB', ['hono']),
  budget('fastify', 'fastify/dist/index.js', '*', '8.2 kB', ['fastify']),
  budget('hono', 'hono/dist/index.js', '*', '8.7 kB', ['hono']),
  budget('koa', 'koa/dist/index.js', 'sessionMiddleware', '7.1 kB', ['koa']),
  budget('connect', 'connect/dist/index.js', 'createConnectStore', '5.2 kB'),
]
