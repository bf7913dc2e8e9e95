import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runWithTools } from './toolchain.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

// What is measured is what users get: the built packages, on the Node that runs this command, not on the one the tools bring.
for (const command of [
  'pnpm install --frozen-lockfile --prefer-offline',
  'pnpm --filter @transient-bench/stores... run build --no-dts',
]) {
  const code = await runWithTools(command, { quiet: true })
  if (code !== 0) {
    process.stderr.write(`\nfailed: ${command}\n`)
    process.exit(code)
  }
}

await import(pathToFileURL(join(root, 'bench/dist/main.js')).href)
