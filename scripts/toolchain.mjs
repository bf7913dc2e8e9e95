import { spawn } from 'node:child_process'
import process from 'node:process'

/** The tools need Node 22.18 or newer; the packages run on Node 20. So the commands bring their Node and pnpm along. */
const node = '24.21.0'
const pnpm = '12.21.0'

/**
 * Runs a shell command with the Node and pnpm above on its PATH.
 *
 * @param {string} command
 * @param {{ quiet?: boolean, env?: NodeJS.ProcessEnv }} [options] `quiet` keeps the output back unless the command fails.
 * @returns {Promise<number>} the exit code
 */
export async function runWithTools(command, { quiet = false, env = {} } = {}) {
  // Offline first: with exact versions the registry has nothing to add to what is in the cache.
  const child = spawn('npx', ['--yes', '--prefer-offline', '-p', `node@${node}`, '-p', `pnpm@${pnpm}`, '-c', command], {
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    env: { ...process.env, ...env, npm_config_update_notifier: 'false' },
    shell: process.platform === 'win32',
  })
  /** @type {Buffer[]} */
  const output = []
  child.stdout?.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk))
  child.stderr?.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk))
  /** @type {Promise<number>} */
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? 1))
  })
  const code = await ended
  if (code !== 0 && quiet) process.stderr.write(Buffer.concat(output))
  return code
}
