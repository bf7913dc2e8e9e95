import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Outcome, root, run } from './gate.ts'

const result = join(root, 'node_modules/.cache/transient/vitest.json')

interface VitestResult {
  readonly numTotalTests: number
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly { readonly name: string; readonly status: string }[]
}

/** Every test of every package. A test that was skipped counts as failed: asked for and not done is not passed. */
export async function runTests(): Promise<Outcome> {
  await mkdir(join(result, '..'), { recursive: true })
  await rm(result, { force: true })
  const { code, output } = await run(
    `${root}node_modules/.bin/vitest`,
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${result}`],
    // A slow machine is no fault.
    { timeout: 1_200_000 },
  )
  let counted: VitestResult
  try {
    counted = JSON.parse(await readFile(result, 'utf8')) as VitestResult
  } catch {
    return { passed: 0, failed: 1, report: output }
  }
  const passed = counted.numPassedTests
  const missed = counted.numTotalTests - passed
  // Without a failed test the command can still fail: a file that does not load, an unhandled rejection.
  const failed = missed > 0 ? missed : code === 0 && passed > 0 ? 0 : 1
  return { passed, failed, report: failed > 0 ? output : '', note: `${counted.testResults.length} files` }
}
