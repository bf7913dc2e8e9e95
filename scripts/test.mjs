import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { runWithTools } from './toolchain.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const began = Date.now()
process.stdout.write('Installing …')
const installed = await runWithTools('pnpm install --frozen-lockfile --prefer-offline', { quiet: true })
if (installed !== 0) {
  process.stderr.write('\nInstalling failed.\n\n0 passed, 1 failed\n')
  process.exit(installed)
}
process.stdout.write(` ${((Date.now() - began) / 1000).toFixed(1)} s\n`)

// The packed tarballs are tried out on the Node that runs this command, not on the one the tools bring along.
process.exitCode = await runWithTools('node scripts/gates.ts', { env: { TRANSIENT_HOST_NODE: process.execPath } })
