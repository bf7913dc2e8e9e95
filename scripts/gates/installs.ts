import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, inParallel, type Outcome, outcomeOf, root, run } from './gate.ts'
import { createProject, type PackageManager, type Project } from './project.ts'
import { startRegistry } from './registry.ts'
import { packageNames } from './tarballs.ts'

/** Compilers of today's users, from new to old. */
const compilers = {
  'TypeScript 7': 'node_modules/@typescript/native/bin/tsc',
  'TypeScript 6': 'node_modules/typescript/lib/tsc.js',
  'TypeScript 5.9': 'node_modules/typescript-5/lib/tsc.js',
}

/** What the program in `installs/` imports beside its package, ioredis and Node's types. */
const companions: Record<string, readonly string[]> = {
  connect: [
    '@transient/core',
    '@transient/memory',
    'express@5',
    '@types/express@5',
    'express-session@1',
    '@types/express-session@1',
  ],
  core: [],
  express: ['@transient/core', '@transient/memory', 'express@5', '@types/express@5'],
  fastify: ['@transient/core', '@transient/memory', 'fastify@5'],
  hono: ['@transient/core', '@transient/memory', 'hono@4'],
  http: ['@transient/core', '@transient/memory'],
  koa: ['@transient/core', '@transient/memory', 'koa@3', '@types/koa@3'],
  memory: ['@transient/core'],
  mock: ['@transient/core'],
  redis: ['@transient/core'],
  'test-utils': ['@transient/core', '@transient/memory', 'vitest@5'],
}

const hostNode = process.env.TRANSIENT_HOST_NODE ?? process.execPath

/** Installs each tarball into empty projects, next to ioredis 6, then compiles and runs a program that uses it, as ESM and as CommonJS. */
export async function tryInstalls(redisUrl: string): Promise<Outcome> {
  const registry = await startRegistry()
  try {
    const managers: PackageManager[] = ['npm', 'pnpm']
    const cases = (await packageNames()).flatMap((name) => managers.map((manager) => ({ name, manager })))
    const checks = await inParallel(2, cases, async ({ name, manager }) => {
      const project = await createProject(registry, manager)
      try {
        return await tryPackage(name, manager, project, redisUrl)
      } finally {
        await project.remove()
      }
    })
    return outcomeOf(checks.flat())
  } finally {
    await registry.stop()
  }
}

async function tryPackage(name: string, manager: PackageManager, project: Project, redisUrl: string): Promise<Check[]> {
  const title = `@transient/${name} with ${manager}`
  const installed = await project.install([
    `@transient/${name}`,
    'ioredis@6',
    '@types/node@22',
    ...(companions[name] ?? []),
  ])
  if (installed.code !== 0) return [{ title: `${title}: install`, fault: installed.output }]

  const program = await readFile(join(root, 'scripts/gates/installs', `${name}.ts`), 'utf8')
  await project.write('use.mts', program)
  await project.write('use.cts', program)
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions: strictest, files: ['use.mts', 'use.cts'] }))

  const checks: Check[] = [{ title: `${title}: install`, fault: undefined }]
  // The types are the same whoever installed them: one package manager tries all compilers, the other the fastest.
  for (const [compiler, path] of Object.entries(compilers).slice(0, manager === 'npm' ? 3 : 1)) {
    const compiled = await run(process.execPath, [join(root, path), '-p', '.'], { cwd: project.folder })
    checks.push({ title: `${title}: ${compiler}`, fault: compiled.code === 0 ? undefined : compiled.output })
  }
  for (const [kind, file] of [
    ['ESM', 'use.mjs'],
    ['CommonJS', 'use.cjs'],
  ] as const) {
    const ran = await run(hostNode, [file], { cwd: project.folder, env: { REDIS_URL: redisUrl }, timeout: 60_000 })
    const fault =
      ran.code !== 0 ? ran.output : ran.output.includes('ÅÄÖ') ? undefined : `it should print ÅÄÖ:\n${ran.output}`
    checks.push({ title: `${title}: ${kind}`, fault })
  }
  return checks
}

const strictest = {
  target: 'ES2022',
  lib: ['ES2022', 'ESNext.Disposable'],
  types: ['node'],
  module: 'NodeNext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
}
