import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import module from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
// Node 22.13 and later have it; the types are those of the oldest Node that the packages promise.
const { stripTypeScriptTypes } = module as unknown as { stripTypeScriptTypes(code: string): string }
/** Where Node finds what this package has installed. */
const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url))

/** The programs of a guide: the first `ts` block under each heading that has one. */
export async function readGuide(name: string): Promise<Map<string, string>> {
  const text = await readFile(join(root, 'docs', name), 'utf8')
  const programs = new Map<string, string>()
  for (const section of text.split(/^## /m).slice(1)) {
    const block = /^```ts\n([\s\S]*?)^```$/m.exec(section)
    if (block !== null) programs.set(section.slice(0, section.indexOf('\n')), block[1] as string)
  }
  return programs
}

/** Runs the programs of a guide under these headings as they stand there, each as a process on a free port. */
export async function openGuide(name: string, redisUrl: string, headings: readonly string[]) {
  const programs = await readGuide(name)
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'guide-'))
  const children: ChildProcess[] = []

  async function start(heading: string, index: number): Promise<string> {
    const program = programs.get(heading)
    if (program === undefined) throw new Error(`${name} has no program under "${heading}"`)
    const file = join(folder, `${index}.mjs`)
    await writeFile(file, stripTypeScriptTypes(program))
    const loaders = ['scripts/alias-sources.mjs', 'packages/connect/test/guide-process.mjs'].map((path) =>
      join(root, path),
    )
    const child = spawn(process.execPath, [...loaders.flatMap((path) => ['--import', path]), file], {
      env: { ...process.env, REDIS_URL: redisUrl, NODE_ENV: 'test', NODE_NO_WARNINGS: '1' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    children.push(child)
    const [origin] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
    if (typeof origin !== 'string') throw new Error(`the program under "${heading}" ended before it listened`)
    return origin
  }

  async function stop(): Promise<void> {
    await Promise.all(children.map(end))
    await rm(folder, { recursive: true })
  }

  try {
    return { origins: await Promise.all(headings.map(start)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill()
  await gone
}
