import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { withFileLock } from './file-lock.ts'

const run = promisify(execFile)
const lockfiles = ['pnpm-workspace.yaml', 'pnpm-lock.yaml', 'package-lock.json', 'yarn.lock', 'bun.lock', '.git']

let fetching: Promise<string> | undefined

/** Fetches the server once, whoever asks meanwhile: callers in this process share one fetch, processes take turns. */
export function fetchRedisServer(): Promise<string> {
  fetching ??= fetchInto(join(projectFolder(), 'node_modules', '.cache', 'transient')).catch((error: unknown) => {
    fetching = undefined
    throw error
  })
  return fetching
}

async function fetchInto(cache: string): Promise<string> {
  const home = join(cache, 'redis')
  const program = join(home, 'redis-server')
  if (existsSync(program)) return program
  await mkdir(cache, { recursive: true })
  return withFileLock(join(cache, 'redis.lock'), async () => {
    if (existsSync(program)) return program
    const work = await mkdtemp(join(cache, 'fetch-'))
    try {
      await download(work)
      const root = join(work, 'redis')
      await mkdir(root)
      for (const file of await readdir(work)) {
        if (file.endsWith('.deb')) await run('dpkg', ['-x', join(work, file), root])
      }
      if (!existsSync(join(root, 'usr/bin/redis-server'))) throw new Error('the packages hold no redis-server')
      const wrapper = join(root, 'redis-server')
      await writeFile(wrapper, wrapperScript)
      await chmod(wrapper, 0o755)
      // A folder that is moved into place is never seen half filled.
      await rm(home, { recursive: true, force: true })
      await rename(root, home)
      return program
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
}

// LD_LIBRARY_PATH instead of an installation: the libraries were unpacked beside the program.
const wrapperScript = `#!/bin/sh
home=$(dirname "$(readlink -f "$0")")
for folder in "$home"/usr/lib/*-linux-gnu* "$home"/lib/*-linux-gnu*; do
  [ -d "$folder" ] && LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder"
done
export LD_LIBRARY_PATH
exec "$home/usr/bin/redis-server" "$@"
`

async function download(folder: string): Promise<void> {
  let options: string[] = []
  try {
    await downloadWith(options, folder)
  } catch {
    // Fresh machines have no package lists yet; they are read into a folder of our own, which needs no root.
    options = await ownLists(folder)
    await downloadWith(options, folder)
  }
}

async function downloadWith(options: string[], folder: string): Promise<void> {
  const programs = ['redis-server', 'redis-tools']
  const { stdout } = await run('apt-cache', [...options, 'depends', '--important', 'redis-tools'])
  // The C and C++ runtimes are those of the system: of another release they would not fit its loader.
  const libraries = [...stdout.matchAll(/^ +(?:Pre)?Depends: (lib[a-z0-9.+-]+|lua-[a-z0-9.+-]+)$/gm)]
    .map((match) => match[1] as string)
    .filter((name) => !/^(libc6|libstdc\+\+6|libgcc-s1)$/.test(name))
  await run('apt-get', [...options, '-qq', 'download', ...programs, ...libraries], { cwd: folder })
}

async function ownLists(folder: string): Promise<string[]> {
  const state = join(folder, 'apt')
  await mkdir(join(state, 'lists', 'partial'), { recursive: true })
  await mkdir(join(state, 'cache', 'archives', 'partial'), { recursive: true })
  const user = String(process.getuid?.() === 0 ? 'root' : (process.env.USER ?? ''))
  const options = ['-o', `Dir::State::lists=${join(state, 'lists')}`, '-o', `Dir::Cache=${join(state, 'cache')}`]
  if (user !== '') options.push('-o', `APT::Sandbox::User=${user}`)
  await run('apt-get', [...options, '-qq', 'update'])
  return options
}

/** The nearest folder at or above the working one that looks like the top of a project. */
function projectFolder(): string {
  const start = resolve(process.cwd())
  for (let folder = start; ; folder = dirname(folder)) {
    if (lockfiles.some((file) => existsSync(join(folder, file)))) return folder
    if (dirname(folder) === folder) return start
  }
}
