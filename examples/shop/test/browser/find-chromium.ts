import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fetchChromium } from './fetch-chromium.ts'

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chromium-headless-shell']

/**
 * The path of a Chromium. In this order:
 *
 * 1. the path in the environment variable `TRANSIENT_TEST_CHROMIUM`; if nothing can be run there, that is a failure;
 * 2. `chromium`, `google-chrome` and their other names on the `PATH`;
 * 3. a headless one from npm, with the libraries it needs, fetched once into `node_modules/.cache/transient/chromium`: no root, nothing is
 *    installed.
 *
 * Rejects with an `Error` that says what to install if none of this leads to a browser.
 */
export async function findChromium(): Promise<string> {
  const named = process.env.TRANSIENT_TEST_CHROMIUM
  if (named !== undefined && named !== '') {
    if (await isProgram(named)) return named
    throw new Error(`TRANSIENT_TEST_CHROMIUM is ${JSON.stringify(named)}, and there is no program that can be run`)
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const program of programs) {
    for (const folder of folders) {
      const path = join(folder, program)
      if (await isProgram(path)) return path
    }
  }
  try {
    return await fetchChromium()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `no Chromium: ${programs.join(', ')} are not on the PATH, and fetching one failed (${reason}). ` +
        'Install one (Debian: apt-get install chromium) or put the path of a Chromium or Chrome into TRANSIENT_TEST_CHROMIUM.',
      { cause },
    )
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
