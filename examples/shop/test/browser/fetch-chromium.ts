import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createBrotliDecompress } from 'node:zlib'

const run = promisify(execFile)
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/transient', import.meta.url))

// A Chromium made to run on bare machines: it needs the C library and the few libraries that come with it.
const source = '@sparticuz/chromium'
const version = '153.0.0'
/** What is unpacked, by its SHA-512: of this very release, wherever it came from. */
const parts = {
  'chromium.br':
    'fd3f2b6f3c5078b7bfafa84aa45fc7f0398285e0cb674efbb6fd0cd2bb0a5fb8a1f88564ed652eeddf1c79bfef2082f1048e390f0d1977c211244cebaa6f8c92',
  'al2023.tar.br':
    '910d0510b18debf86d7b6729e1fa4f8582ea029b6a8479af8999add40d7454ecdf8488b75717e98746ad47bf6997eaec553ef5d778eb106d059381a65fb1951c',
  'fonts.tar.br':
    '18298666c688c7d4d469c7e464a999611ea346df24bcc7d2380463f3030f617b5f4fe85c7839b5b612bc78b0cfcb4c7d028dff4b9aa530e30b6775f5d5aca30d',
}

/** Fetches the browser, if an earlier run has not: some 70 MB from npm, unpacked in a few seconds. */
export async function fetchChromium(): Promise<string> {
  const home = join(cache, `chromium-${version}`)
  const program = join(home, 'run')
  if (existsSync(program)) return program
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`there is none to fetch for ${process.platform} on ${process.arch}`)
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'fetch-'))
  try {
    await install(work)
    const root = join(work, 'root')
    await mkdir(root)
    for (const [part, sum] of Object.entries(parts))
      await unpack(join(work, 'node_modules', source, 'bin', part), sum, root)
    await chmod(join(root, 'chromium'), 0o755)
    await writeFile(join(root, 'run'), wrapperScript)
    await chmod(join(root, 'run'), 0o755)
    await writeFile(join(root, 'fonts.conf'), fontSettings(home))
    // A folder that is moved into place is never seen half filled. Two that fetch at once move the same thing there.
    await rename(root, home).catch((error: unknown) => {
      if (!existsSync(program)) throw error
    })
    return program
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function install(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }))
  // `npm test` hands the settings of this project down as npm_… variables.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|command|execpath)/.test(name)),
  )
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  // Where there is no network, that is better said soon.
  const impatient = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=1000']
  try {
    await run('npm', ['install', ...quiet, ...impatient, `${source}@${version}`], { cwd: folder, env })
  } catch (cause) {
    const lines = (cause as Error).message.split('\n')
    throw new Error(lines.find((line) => /^npm error (?!code|syscall|errno)/.test(line)) ?? lines[0], { cause })
  }
}

async function unpack(file: string, sum: string, folder: string): Promise<void> {
  const hash = createHash('sha512')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  if (hash.digest('hex') !== sum) throw new Error(`${file} is not what was released`)
  const target = join(folder, (file.split('/').at(-1) as string).replace(/\.br$/, ''))
  await pipeline(createReadStream(file), createBrotliDecompress(), createWriteStream(target))
  if (!target.endsWith('.tar')) return
  await run('tar', ['-xf', target, '-C', folder])
  await rm(target)
}

// The libraries of the package and its fonts, because a bare machine has neither.
const wrapperScript = `#!/bin/sh
home=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$home/lib"
export FONTCONFIG_FILE="$home/fonts.conf"
exec "$home/chromium" "$@"
`

const fontSettings = (home: string) => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${home}/fonts</dir><cachedir>${home}/fonts-cache</cachedir></fontconfig>
`
