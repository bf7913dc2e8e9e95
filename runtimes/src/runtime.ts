import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A program that runs JavaScript. */
export interface Runtime {
  readonly name: 'Node 20' | 'Bun' | 'Deno'
  /** What the program calls itself, up to its minor version. */
  readonly calledItself: RegExp
  readonly program: string
  /** What it is called with, before the file to run. */
  readonly args: readonly string[]
}

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url))
const { platform, arch } = process
const isWindows = platform === 'win32'
const bunArch = arch === 'arm64' ? 'aarch64' : arch
const denoSuffix = platform === 'linux' ? '-glibc' : ''

const runtimes: readonly Runtime[] = [
  {
    name: 'Node 20',
    calledItself: /^node 20\./,
    program: `node-${platform}-${arch}/bin/node`,
    args: [],
  },
  {
    name: 'Bun',
    calledItself: /^bun 1\./,
    program: `@oven/bun-${platform}-${bunArch}/bin/bun`,
    args: ['run', '--no-install'],
  },
  {
    name: 'Deno',
    calledItself: /^deno 2\./,
    program: `@deno/${platform}-${arch}${denoSuffix}/deno`,
    args: ['run', '--quiet', '--allow-all', '--no-prompt', '--no-remote', '--node-modules-dir=manual'],
  },
]

/** Finds the program among the packages that are installed here. That it is missing is an error, whatever the platform: see `package.json`. */
export function findRuntime(name: Runtime['name']): Runtime {
  const runtime = runtimes.find((one) => one.name === name) as Runtime
  const program = `${modules}${runtime.program}${isWindows ? '.exe' : ''}`
  if (!existsSync(program)) {
    const reason = `there is no ${name} for ${platform}-${arch}: ${program} is missing`
    throw new Error(
      `${reason}. It is an optional dependency of runtimes/package.json: run pnpm install, or name a package for this platform there.`,
    )
  }
  return { ...runtime, program }
}
