import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))
// Not in a node_modules: what lies there is to Deno part of a package, and may not import by path.
const folder = join(root, 'runtimes/dist')

/** The page of a front end: where it is, and what it exports. */
export interface SitePage {
  /** From the root of the repository. */
  readonly path: string
  /** The name of the `OpenFrontEnd` in it. */
  readonly exported: string
}

/**
 * Makes a program of a front end's page that every runtime understands: the page is translated, and what it imports stays outside.
 * Our own packages are those that were built, as users get them. Resolves with the program's path; it takes the URL of a Redis server.
 */
export async function bundleSite({ path, exported }: SitePage): Promise<string> {
  await mkdir(folder, { recursive: true })
  const outfile = join(folder, `${exported}.mjs`)
  await build({
    stdin: {
      contents: [
        `import { ${exported} } from ${JSON.stringify(join(root, path))}`,
        `import { runSiteProcess } from ${JSON.stringify(join(root, 'runtimes/src/site-process.ts'))}`,
        `runSiteProcess(${exported}, process.argv[2])`,
      ].join('\n'),
      resolveDir: root,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    plugins: [builtPackages],
  })
  return outfile
}

const builtPackages: Plugin = {
  name: 'built packages',
  setup(building) {
    building.onResolve({ filter: /^@transient\// }, ({ path }) => {
      const [, name, door = 'index'] = path.split('/')
      const file = join(root, 'packages', name as string, 'dist', `${door}.js`)
      return existsSync(file)
        ? { path: file, external: true }
        : { errors: [{ text: `${file} is missing: run pnpm run build` }] }
    })
    // Others are where the page would find them, and not where the bundle lies.
    building.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...place }) => {
      if (pluginData === 'asked' || path.startsWith('@transient/')) return undefined
      const found = await building.resolve(path, { ...place, pluginData: 'asked' })
      return found.errors.length > 0 ? { errors: found.errors } : { path: found.path, external: true }
    })
  },
}
