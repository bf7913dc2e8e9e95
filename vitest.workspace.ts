import { fileURLToPath } from 'node:url'
import { defineProject, type TestProjectConfiguration } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Tests run on the sources: `@transient/core/store` is packages/core/src/store.ts, with no build in between. */
const alias = [
  { find: /^@transient\/([a-z-]+)\/([a-z-]+)$/, replacement: `${root}packages/$1/src/$2.ts` },
  { find: /^@transient\/([a-z-]+)$/, replacement: `${root}packages/$1/src/index.ts` },
]

function project(name: string, folder: string): TestProjectConfiguration {
  return defineProject({
    root: `${root}${folder}`,
    resolve: { alias },
    // Nothing waits so long by itself: it is the patience with a machine that is busy with something else.
    test: { name, include: ['test/**/*.test.ts'], testTimeout: 30_000 },
  })
}

/** One project per package; vitest.config.ts hands them to vitest, which no longer looks for this file by itself. */
export default [
  project('core', 'packages/core'),
  project('memory', 'packages/memory'),
  project('redis', 'packages/redis'),
  project('mock', 'packages/mock'),
  project('test-utils', 'packages/test-utils'),
  project('http', 'packages/http'),
  project('express', 'packages/express'),
  project('fastify', 'packages/fastify'),
  project('hono', 'packages/hono'),
  project('koa', 'packages/koa'),
  project('connect', 'packages/connect'),
  project('shop', 'examples/shop'),
  project('bench', 'bench'),
  project('runtimes', 'runtimes'),
]
