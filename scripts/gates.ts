import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkDocuments } from './gates/documents.ts'
import { commandGate, type Finished, type Gate, inParallel, type Outcome, root, run } from './gates/gate.ts'
import { tryInstalls } from './gates/installs.ts'
import { trySnippets } from './gates/snippets.ts'
import { checkTarballTypes, lintTarballs, packAll } from './gates/tarballs.ts'
import { runTests } from './gates/tests.ts'

/**
 * All gates, or those named on the command line. Gates of one stage run two at a time; a stage uses what the ones before it made.
 * The tests have the machine to themselves, because some of them measure time.
 */
const stages: readonly (readonly Gate[])[] = [
  [
    commandGate('build', build),
    scriptGate('format'),
    scriptGate('lint'),
    scriptGate('types'),
    scriptGate('layers'),
    scriptGate('unused'),
    { name: 'docs', run: checkDocuments },
  ],
  [
    { name: 'redis', run: findRedis },
    { name: 'pack', run: packAll },
  ],
  [scriptGate('size'), { name: 'publint', run: lintTarballs }, { name: 'attw', run: checkTarballTypes }],
  [{ name: 'installs', run: () => withRedis(tryInstalls) }],
  [{ name: 'snippets', run: () => withRedis(trySnippets) }],
  [{ name: 'tests', run: runTests }],
]

interface Row extends Outcome {
  readonly name: string
  readonly seconds: string
}

const wanted = process.argv.slice(2)
const known = stages.flat().map((gate) => gate.name)
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no gate is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(1)
}

const rows: Row[] = []
for (const stage of stages) {
  const gates = stage.filter((gate) => wanted.length === 0 || wanted.includes(gate.name))
  rows.push(...(await inParallel(2, gates, pass)))
}
summarize(rows)

async function pass(gate: Gate): Promise<Row> {
  const began = performance.now()
  const outcome = await gate.run().catch((error: unknown): Outcome => {
    return { passed: 0, failed: 1, report: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  })
  const row = { name: gate.name, seconds: ((performance.now() - began) / 1000).toFixed(1), ...outcome }
  console.log(lineOf(row))
  if (row.failed > 0) console.log(`${row.report.trimEnd()}\n`)
  return row
}

function lineOf({ name, seconds, passed, failed, note }: Row): string {
  const verdict = failed > 0 ? 'FAILED' : 'ok'
  const counts = passed + failed > 1 ? `  ${passed} passed${failed > 0 ? `, ${failed} failed` : ''}` : ''
  return `${verdict.padEnd(7)} ${name.padEnd(9)} ${`${seconds} s`.padStart(8)}${counts}${note === undefined ? '' : ` (${note})`}`
}

function summarize(finished: readonly Row[]): void {
  const passed = finished.reduce((sum, row) => sum + row.passed, 0)
  const failed = finished.reduce((sum, row) => sum + row.failed, 0)
  console.log(`\nSummary\n${finished.map(lineOf).join('\n')}\n\n${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

/** A gate that is a script of package.json. */
function scriptGate(name: string): Gate {
  return commandGate(name, () => run('pnpm', ['--silent', 'run', `check:${name}`]))
}

/** Every package, and the shop, as they are published and started. */
async function build(): Promise<Finished> {
  await rm(join(root, 'node_modules/.cache/transient/start.json'), { force: true })
  return run('pnpm', ['run', 'build'])
}

interface RedisDoor {
  findRedisServer(): Promise<string>
  startRedis(): Promise<{ readonly url: string; stop(): Promise<void> }>
}

/** The packages are built by a gate, so they are loaded when a gate needs them and not before. */
function redisDoor(): Promise<RedisDoor> {
  return import(join(root, 'packages/test-utils/dist/redis.js')) as Promise<RedisDoor>
}

/** One search, or one download, before many tests ask at the same time. */
async function findRedis(): Promise<Outcome> {
  const path = await (await redisDoor()).findRedisServer()
  process.env.TRANSIENT_TEST_REDIS_SERVER = path
  return { passed: 1, failed: 0, report: '', note: path.replace(root, '') }
}

async function withRedis(gate: (url: string) => Promise<Outcome>): Promise<Outcome> {
  const server = await (await redisDoor()).startRedis()
  try {
    return await gate(server.url)
  } finally {
    await server.stop()
  }
}
