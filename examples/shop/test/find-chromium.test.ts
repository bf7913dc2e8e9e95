import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { findChromium } from './browser/find-chromium.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

it('a browser that is named is the one that is taken', async () => {
  vi.stubEnv('TRANSIENT_TEST_CHROMIUM', process.execPath)
  expect(await findChromium()).toBe(process.execPath)
})

it.each(['/nowhere/chromium', import.meta.filename, import.meta.dirname])(
  'a named browser that cannot be run is a failure, whatever else there is: %s',
  async (path) => {
    vi.stubEnv('TRANSIENT_TEST_CHROMIUM', path)
    await expect(findChromium()).rejects.toThrow(`TRANSIENT_TEST_CHROMIUM is ${JSON.stringify(path)}`)
  },
)

it('else the first on the PATH that can be run is taken', async () => {
  vi.stubEnv('TRANSIENT_TEST_CHROMIUM', '')
  const folder = await mkdtemp(join(tmpdir(), 'transient-path-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'chromium'), 'no program')
  await writeFile(join(folder, 'google-chrome'), '#!/bin/sh\n', { mode: 0o755 })
  vi.stubEnv('PATH', folder)
  expect(await findChromium()).toBe(join(folder, 'google-chrome'))
})
