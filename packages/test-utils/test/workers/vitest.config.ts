import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const packages = fileURLToPath(new URL('../../../', import.meta.url))

/** Two workers that share a server: run by redis-test.test.ts, which says where the server is. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: {
    alias: [
      { find: /^@transient\/([a-z-]+)\/([a-z-]+)$/, replacement: `${packages}$1/src/$2.ts` },
      { find: /^@transient\/([a-z-]+)$/, replacement: `${packages}$1/src/index.ts` },
    ],
  },
  test: { include: ['*.case.ts'], maxWorkers: 2, testTimeout: 20_000 },
})
