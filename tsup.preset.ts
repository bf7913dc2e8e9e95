import { defineConfig } from 'tsup'

/** How every published package is built: each door to ESM, CommonJS and declarations for both. */
export function library(doors: readonly string[]) {
  return defineConfig({
    entry: Object.fromEntries(doors.map((door) => [door, `src/${door}.ts`])),
    format: ['esm', 'cjs'],
    dts: true,
    target: 'node20',
    platform: 'node',
    // Deno and bundlers know built-in modules by their prefix only.
    removeNodeProtocol: false,
    clean: true,
    sourcemap: true,
    splitting: true,
    treeshake: false,
  })
}
