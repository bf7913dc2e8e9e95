import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, inParallel, type Outcome, outcomeOf, root, run } from './gate.ts'
import { createProject, type Project } from './project.ts'
import { startRegistry } from './registry.ts'
import { packageNames } from './tarballs.ts'

interface Snippet {
  /** Where it stands, as a reader would look for it. */
  readonly title: string
  readonly file: string
  readonly text: string
  readonly isTest: boolean
  /** Whether it has the types of a predecessor, which say for the whole program what `req.session` is. */
  readonly isPredecessor: boolean
}

const frameworks = [
  'express@5',
  '@types/express@5',
  'fastify@5',
  'hono@4',
  '@hono/node-server@2',
  'koa@3',
  '@types/koa@3',
  'ws@8',
  '@types/ws@8',
]

/** What the guides lead away from, and what sessions are validated with. connect-redis 10 wants Node 22. */
const predecessors = [
  'express-session@1',
  '@types/express-session@1',
  'connect-redis@9',
  'redis@6',
  '@fastify/session@11',
  '@fastify/cookie@11',
  'iron-session@8',
  'zod@4',
  'valibot@1',
  'arktype@2',
]

const hostNode = process.env.TRANSIENT_HOST_NODE ?? process.execPath

/**
 * Compiles every `ts` block of the READMEs, documents and doc comments and runs it against the packed packages, in a project that has
 * just installed them. A server that a block starts gets a free port and does not keep the program alive; where there is none, anything
 * that does is a fault. Blocks that import a vitest fixture are run by vitest.
 */
export async function trySnippets(redisUrl: string): Promise<Outcome> {
  const snippets = await collect()
  if (snippets.length === 0) return { passed: 0, failed: 1, report: 'no ts block found in any README' }
  const registry = await startRegistry()
  const project = await createProject(registry, 'npm')
  try {
    const ours = (await packageNames()).map((name) => `@transient/${name}`)
    const others = ['ioredis@6', 'lru-cache@11', '@types/node@22', 'vitest@5', ...frameworks, ...predecessors]
    const installed = await project.install([...ours, ...others])
    if (installed.code !== 0) return { passed: 0, failed: 1, report: installed.output }
    await prepare(project, snippets)
    return outcomeOf([
      await compile(project, snippets, false),
      await compile(project, snippets, true),
      ...(await inParallel(2, snippets, (snippet) => trySnippet(project, snippet, redisUrl))),
    ])
  } finally {
    await project.remove()
    await registry.stop()
  }
}

/** Blocks of the documents, and the examples in the doc comments of what is published. */
async function collect(): Promise<Snippet[]> {
  const skipped = /(^|\/)(node_modules|dist|\.changeset)\/|CHANGELOG\.md$/
  const files = (await readdir(root, { recursive: true })).filter((path) => !skipped.test(path)).sort()
  const found: Snippet[] = []
  for (const file of files) {
    const isSource = /^packages\/[^/]+\/src\/.+\.ts$/.test(file)
    if (!isSource && !file.endsWith('.md')) continue
    const text = await readFile(join(root, file), 'utf8')
    found.push(...blocksOf(file, isSource ? withoutStars(text) : text))
  }
  return found
}

/** Doc comments as the text they hold, line by line, so that the numbers of the lines stay. */
function withoutStars(source: string): string {
  return source.replaceAll(/^ *\* ?/gm, '')
}

function blocksOf(file: string, text: string): Snippet[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => {
    const line = text.slice(0, block.index).split('\n').length
    const code = block[1] ?? ''
    const isTest = /from '(vitest|@transient\/test-utils\/vitest)'/.test(code)
    const stem = `${file.replaceAll(/\W+/g, '-')}-${line}`
    const isPredecessor = /from '(express-session|@fastify\/session)'/.test(code)
    return { title: `${file}:${line}`, file: `${stem}${isTest ? '.test' : ''}`, text: code, isTest, isPredecessor }
  })
}

async function prepare(project: Project, snippets: readonly Snippet[]): Promise<void> {
  await project.write('package.json', JSON.stringify({ ...(await manifestOf(project)), type: 'module' }))
  await project.write('listen.mjs', await readFile(join(root, 'scripts/gates/snippet-servers.mjs'), 'utf8'))
  for (const snippet of snippets) {
    // Also a block without an import is a module of its own, not a script that shares its names with the others.
    await project.write(`src/${snippet.file}.ts`, `${snippet.text}\nexport {}\n`)
  }
}

async function manifestOf(project: Project): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(project.folder, 'package.json'), 'utf8')) as Record<string, unknown>
}

/** In two programs: those with the types of a predecessor, and the others, some of which say what `req.session` is themselves. */
async function compile(project: Project, snippets: readonly Snippet[], isPredecessor: boolean): Promise<Check> {
  const some = snippets.filter((snippet) => snippet.isPredecessor === isPredecessor)
  const files = some.map((snippet) => `src/${snippet.file}.ts`)
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files }))
  const { code, output } = await run(
    process.execPath,
    [join(root, 'node_modules/typescript-5/lib/tsc.js'), '-p', '.'],
    { cwd: project.folder },
  )
  const title = `compile the ${some.length} snippets with${isPredecessor ? '' : 'out'} types of a predecessor`
  return { title, fault: code === 0 ? undefined : output }
}

async function trySnippet(project: Project, snippet: Snippet, redisUrl: string): Promise<Check> {
  const options = { cwd: project.folder, env: { REDIS_URL: redisUrl }, timeout: 30_000 }
  const { code, output } = snippet.isTest
    ? await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', `out/${snippet.file}.js`], options)
    : await run(hostNode, ['--import', './listen.mjs', `out/${snippet.file}.js`], options)
  return { title: snippet.title, fault: code === 0 ? undefined : output }
}

const options = {
  target: 'ES2022',
  lib: ['ES2022', 'ESNext.Disposable'],
  types: ['node'],
  module: 'NodeNext',
  rootDir: 'src',
  outDir: 'out',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
}
