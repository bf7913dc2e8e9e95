import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** What a gate found. `report` is shown in full when something failed. */
export interface Outcome {
  readonly passed: number
  readonly failed: number
  readonly report: string
  /** A few words for the summary. */
  readonly note?: string
}

export interface Gate {
  readonly name: string
  readonly run: () => Promise<Outcome>
}

export interface Finished {
  readonly code: number
  readonly output: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** After so many milliseconds the command is killed and counts as failed. Default: five minutes. */
  readonly timeout?: number
}

/** Runs a program to its end; stdout and stderr come back as one text. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const { cwd = root, env = {}, timeout = 300_000 } = options
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    const timer = setTimeout(() => {
      chunks.push(Buffer.from(`\n${program} did not end within ${timeout / 1000} s\n`))
      child.kill('SIGKILL')
      // What it started may live on with the other ends of these, and would be waited for.
      child.stdout.destroy()
      child.stderr.destroy()
    }, timeout)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') })
    })
  })
}

/** A tool of the workspace, as `pnpm exec` would run it. */
export function tool(name: string, ...args: string[]): Promise<Finished> {
  return run(`${root}node_modules/.bin/${name}`, args)
}

/** A gate that is one command: it holds if the command ends with 0. */
export function commandGate(name: string, command: () => Promise<Finished>): Gate {
  return {
    name,
    run: async () => {
      const { code, output } = await command()
      return code === 0 ? { passed: 1, failed: 0, report: '' } : { passed: 0, failed: 1, report: output }
    },
  }
}

/** One thing that a gate looked at. */
export interface Check {
  readonly title: string
  /** What is wrong; undefined if nothing is. */
  readonly fault: string | undefined
}

/** The outcome of a gate that looks at several things, each counted by itself. */
export function outcomeOf(checks: readonly Check[]): Outcome {
  const faults = checks.filter((check) => check.fault !== undefined)
  return {
    passed: checks.length - faults.length,
    failed: faults.length,
    report: faults.map((check) => `--- ${check.title}\n${check.fault ?? ''}`).join('\n'),
  }
}

/** Runs all of them, at most `width` at a time, and answers in the order they came in. */
export async function inParallel<Item, Result>(
  width: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
