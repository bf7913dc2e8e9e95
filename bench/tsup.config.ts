import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    main: 'src/main.ts',
    'contender-process': 'src/contender-process.ts',
    'http-load-process': 'src/http-load-process.ts',
    'http-server-process': 'src/http-server-process.ts',
    'held-bytes-process': 'src/held-bytes-process.ts',
  },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  clean: true,
  sourcemap: true,
})
