import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runWithTools } from './toolchain.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const shop = 'examples/shop'
const entry = join(root, shop, 'dist/main.js')
/** Lies in node_modules, so that removing those also forgets what was built. */
const stamp = join(root, 'node_modules/.cache/transient/start.json')

process.chdir(root)
const folders = workspaceFolders()
const wanted = closure(shop, folders)
const print = fingerprint(wanted)

if (!isUpToDate()) {
  rmSync(stamp, { force: true })
  await step('Installing', 'pnpm install --frozen-lockfile --prefer-offline')
  await step('Building the shop', 'pnpm --filter @transient-examples/shop... run build --no-dts')
  mkdirSync(join(stamp, '..'), { recursive: true })
  writeFileSync(stamp, JSON.stringify({ print }))
}

// npm starts scripts through a shell, and a signal sent to npm ends that shell alone: without it the shop should end too.
if (process.env.npm_lifecycle_event === 'start') {
  const shell = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 200)
  watch.unref()
}

// The shop runs in this very process: signals reach it, its exit code is ours, and nothing adds lines to what it says.
await import(pathToFileURL(entry).href)

function isUpToDate() {
  if (!existsSync(stamp) || !existsSync(entry)) return false
  if (wanted.some((folder) => !existsSync(join(root, folder, 'dist')))) return false
  return readFileSync(stamp, 'utf8') === JSON.stringify({ print })
}

/**
 * @param {string} title
 * @param {string} command
 */
async function step(title, command) {
  const began = Date.now()
  process.stdout.write(`${title} …`)
  const code = await runWithTools(command, { quiet: true })
  if (code !== 0) {
    process.stderr.write(`\n${title} failed: ${command}\n`)
    process.exit(code)
  }
  process.stdout.write(` ${((Date.now() - began) / 1000).toFixed(1)} s\n`)
}

/** Package name to folder, for every package of the workspace. */
function workspaceFolders() {
  /** @type {Map<string, string>} */
  const found = new Map()
  for (const parent of ['packages', 'examples']) {
    for (const name of readdirSync(join(root, parent))) {
      const folder = `${parent}/${name}`
      if (existsSync(join(root, folder, 'package.json'))) found.set(manifest(folder).name, folder)
    }
  }
  return found
}

/**
 * The folder and, before it, those of everything of the workspace that it needs at run time.
 *
 * @param {string} folder
 * @param {Map<string, string>} known
 * @param {Set<string>} [seen]
 * @returns {string[]}
 */
function closure(folder, known, seen = new Set()) {
  if (seen.has(folder)) return []
  seen.add(folder)
  const needed = Object.keys(manifest(folder).dependencies ?? {}).flatMap((name) => known.get(name) ?? [])
  return [...needed.flatMap((other) => closure(other, known, seen)), folder]
}

/**
 * @param {string} folder
 */
function manifest(folder) {
  const text = readFileSync(join(root, folder, 'package.json'), 'utf8')
  return /** @type {{ name: string, dependencies?: Record<string, string> }} */ (JSON.parse(text))
}

/**
 * A hash over everything the build reads.
 *
 * @param {string[]} parts
 */
function fingerprint(parts) {
  const hash = createHash('sha256')
  const shared = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'tsup.preset.ts', 'tsconfig.json', 'tsconfig.base.json']
  const own = parts.flatMap((folder) => [
    `${folder}/package.json`,
    `${folder}/tsup.config.ts`,
    ...filesIn(`${folder}/src`),
  ])
  for (const file of [...shared, ...own])
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesIn(folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name}`)
    .filter((file) => statSync(join(root, file)).isFile())
    .sort()
}
