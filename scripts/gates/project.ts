import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Finished, run } from './gate.ts'
import type { Registry } from './registry.ts'

export type PackageManager = 'npm' | 'pnpm'

/** An empty project of a stranger, outside of this repository, so that nothing of ours is found by accident. */
export interface Project {
  readonly folder: string
  install(packages: readonly string[]): Promise<Finished>
  write(file: string, text: string): Promise<void>
  remove(): Promise<void>
}

export async function createProject(registry: Registry, manager: PackageManager): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), `transient-${manager}-`))
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(join(folder, file, '..'), { recursive: true })
    await writeFile(join(folder, file), text)
  }
  await write('package.json', JSON.stringify({ name: 'empty', private: true, version: '1.0.0' }))
  await write('.npmrc', `@transient:registry=${registry.url}\n`)
  return {
    folder,
    write,
    install: (packages) => run(...installCommand(manager, packages), { cwd: folder, env: withoutOurSettings() }),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function installCommand(manager: PackageManager, packages: readonly string[]): [string, string[]] {
  return manager === 'npm'
    ? [
        'npm',
        [
          'install',
          '--strict-peer-deps',
          '--prefer-offline',
          '--ignore-scripts',
          '--no-audit',
          '--no-fund',
          ...packages,
        ],
      ]
    : [
        'pnpm',
        [
          'add',
          '--config.strictPeerDependencies=true',
          '--config.pmOnFail=ignore',
          '--prefer-offline',
          '--ignore-scripts',
          ...packages,
        ],
      ]
}

/** `npm test` hands its own settings down as npm_config_… variables; a stranger's install does not have those of this project. */
function withoutOurSettings(): NodeJS.ProcessEnv {
  const ours = Object.keys(process.env).filter((name) => /^npm_(package|lifecycle|command|execpath)/.test(name))
  return Object.fromEntries(ours.map((name) => [name, undefined]))
}
