import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const run = promisify(execFile)
const door = fileURLToPath(new URL('../src/redis.ts', import.meta.url))

let folder: string
let programs: string
let project: string

// Each test starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transient-find-'))
  programs = join(folder, 'bin')
  project = join(folder, 'project')
  await mkdir(programs)
  await mkdir(join(project, 'packages', 'one'), { recursive: true })
  await writeFile(join(project, 'package-lock.json'), '{}')
  for (const tool of ['sh', 'mkdir', 'cp', 'dirname', 'readlink', 'chmod'])
    await symlink(await whereIs(tool), join(programs, tool))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function whereIs(tool: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', `command -v ${tool}`])
  return stdout.trim()
}

async function program(name: string, script: string): Promise<string> {
  const path = join(programs, name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

/** What `findRedisServer` answers in a process of its own, with only our programs on its PATH. */
async function find(env: Record<string, string> = {}): Promise<string> {
  const script = `const { findRedisServer } = await import(${JSON.stringify(door)})
    try { console.log(await findRedisServer()) } catch (error) { console.log('failed: ' + error.message) }`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(project, 'packages', 'one'),
    env: { PATH: programs, ...env },
  })
  return stdout.trim()
}

/** A package manager that hands out one program and one library, and writes down how often it was asked. */
async function packages(download: string): Promise<void> {
  await program(
    'apt-cache',
    'echo redis-tools; echo "  Depends: libc6"; echo "  Depends: liblzf1"; echo "  Depends: adduser"',
  )
  await program('apt-get', download)
  await program(
    'dpkg',
    'mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu" && echo \'#!/bin/sh\necho "$LD_LIBRARY_PATH $@"\' > "$3/usr/bin/redis-server" && chmod +x "$3/usr/bin/redis-server"',
  )
}

it('takes the program that the environment names', async () => {
  await program('redis-server', 'exit 0')
  const named = await program('another-server', 'exit 0')
  expect(await find({ TRANSIENT_TEST_REDIS_SERVER: named })).toBe(named)
})

it('fails if the environment names none, whatever else is there', async () => {
  await program('redis-server', 'exit 0')
  expect(await find({ TRANSIENT_TEST_REDIS_SERVER: '/no/such/server' })).toMatch(
    /^failed: TRANSIENT_TEST_REDIS_SERVER is "/,
  )
  expect(await find({ TRANSIENT_TEST_REDIS_SERVER: folder })).toMatch(/^failed: /)
})

it('takes redis-server from the PATH, else valkey-server', async () => {
  const valkey = await program('valkey-server', 'exit 0')
  expect(await find()).toBe(valkey)
  const redis = await program('redis-server', 'exit 0')
  expect(await find()).toBe(redis)
})

it('says what to install where nothing can be found or fetched', async () => {
  expect(await find()).toMatch(
    /^failed: no Redis server: .*apt-get ENOENT.*apt-get install redis-server.*TRANSIENT_TEST_REDIS_SERVER/,
  )
  await packages('echo "no network" >&2; exit 100')
  expect(await find()).toMatch(/^failed: no Redis server: .*no network/s)
})

it('fetches one into the cache of the project, once, however many ask for it at the same time', async () => {
  const log = join(folder, 'log')
  await packages(`echo "$@" >> ${log}; echo > redis-tools.deb`)
  const found = await Promise.all([find(), find(), find()])
  const expected = join(project, 'node_modules/.cache/transient/redis/redis-server')
  expect(found).toEqual([expected, expected, expected])
  expect(await readFile(log, 'utf8')).toBe('-qq download redis-server redis-tools liblzf1\n')
  // What was fetched runs, and finds its libraries beside it.
  const { stdout } = await run(expected, ['--port', '1'], { env: { PATH: programs } })
  expect(stdout).toMatch(/\/usr\/lib\/x86_64-linux-gnu --port 1\n$/)
})

it('reads the package lists into its own folder where the machine has none', async () => {
  const log = join(folder, 'log')
  const lists = 'case "$*" in *Dir::State::lists*) ;; *) echo "no lists" >&2; exit 100;; esac'
  await packages(`echo "$@" >> ${log}; ${lists}; echo > redis-tools.deb`)
  expect(await find()).toMatch(/redis-server$/)
  const [first, update, second] = (await readFile(log, 'utf8')).trim().split('\n')
  expect(first).toMatch(/^-qq download/)
  expect(update).toMatch(/Dir::State::lists=.* -qq update$/)
  expect(second).toMatch(/Dir::State::lists=.* -qq download/)
})

it('takes over the lock of a process that is gone', async () => {
  const cache = join(project, 'node_modules/.cache/transient')
  await mkdir(cache, { recursive: true })
  // No process has this number: it is above what Linux and macOS give out.
  await writeFile(join(cache, 'redis.lock'), '99999999')
  await packages('echo > redis-tools.deb')
  expect(await find()).toMatch(/redis-server$/)
})

it('takes over a lock that was never written, for example on a full disk', async () => {
  const cache = join(project, 'node_modules/.cache/transient')
  await mkdir(cache, { recursive: true })
  await writeFile(join(cache, 'redis.lock'), '')
  const before = new Date(Date.now() - 60_000)
  await utimes(join(cache, 'redis.lock'), before, before)
  await packages('echo > redis-tools.deb')
  expect(await find()).toMatch(/redis-server$/)
})
