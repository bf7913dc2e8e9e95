import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, inParallel, type Outcome, outcomeOf, root, run, tool } from './gate.ts'

const folder = join(root, 'node_modules/.cache/transient/tarballs')

export interface Tarball {
  readonly name: string
  readonly path: string
}

/** The names of the published packages, as they are called in `packages/`. */
export function packageNames(): Promise<string[]> {
  return readdir(join(root, 'packages')).then((names) => names.sort())
}

/** Packs every package, as a release would, and looks at what is inside. */
export async function packAll(): Promise<Outcome> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const checks = await inParallel(2, await packageNames(), async (name): Promise<Check> => {
    const title = `pack @transient/${name}`
    const packed = await run('pnpm', ['pack', '--out', tarballOf(name).path], { cwd: join(root, 'packages', name) })
    if (packed.code !== 0) return { title, fault: packed.output }
    return { title, fault: await contentFault(name) }
  })
  return outcomeOf(checks)
}

function tarballOf(name: string): Tarball {
  return { name: `@transient/${name}`, path: join(folder, `${name}.tgz`) }
}

export async function tarballs(): Promise<Tarball[]> {
  return (await packageNames()).map(tarballOf)
}

/** The manifest as it was packed: without `workspace:` ranges, those are versions by now. */
export async function packedManifest(tarball: Tarball): Promise<Record<string, unknown>> {
  const shown = await run('tar', ['-xOzf', tarball.path, 'package/package.json'])
  if (shown.code !== 0) throw new Error(shown.output)
  return JSON.parse(shown.output) as Record<string, unknown>
}

async function contentFault(name: string): Promise<string | undefined> {
  const listed = await run('tar', ['-tzf', tarballOf(name).path])
  if (listed.code !== 0) return listed.output
  const files = listed.output.trim().split('\n')
  const missing = [
    'LICENSE',
    'README.md',
    'dist/index.js',
    'dist/index.cjs',
    'dist/index.d.ts',
    'dist/index.d.cts',
  ].filter((file) => !files.includes(`package/${file}`))
  if (missing.length > 0) return `not in the tarball: ${missing.join(', ')}`
  const foreign = files.filter(
    (file) => !/^package\/(LICENSE|README\.md|CHANGELOG\.md|package\.json|dist\/.+)$/.test(file),
  )
  if (foreign.length > 0) return `does not belong in the tarball: ${foreign.join(', ')}`
  const manifest = JSON.stringify(await packedManifest(tarballOf(name)))
  return manifest.includes('workspace:') ? 'the packed package.json still names workspace: versions' : undefined
}

/** publint on each tarball: do the entry points exist, in the format they claim to have? */
export async function lintTarballs(): Promise<Outcome> {
  return outcomeOf(
    await inParallel(2, await tarballs(), async ({ name, path }) => {
      const { code, output } = await tool('publint', 'run', path, '--strict', '--pack', 'false')
      return { title: `publint ${name}`, fault: code === 0 ? undefined : output }
    }),
  )
}

/** Are the types wrong? For import and require, under every way TypeScript resolves exports maps. */
export async function checkTarballTypes(): Promise<Outcome> {
  return outcomeOf(
    await inParallel(2, await tarballs(), async ({ name, path }) => {
      const { code, output } = await tool(
        'attw',
        path,
        '--profile',
        'node16',
        '--no-definitely-typed',
        '--format',
        'ascii',
        '--no-color',
        '--no-emoji',
      )
      return { title: `attw ${name}`, fault: code === 0 ? undefined : output }
    }),
  )
}

export async function readTarball(tarball: Tarball): Promise<Buffer> {
  return readFile(tarball.path)
}
