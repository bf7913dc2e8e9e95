import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Who works where, as lists that `taskset` takes: the web server alone, the requests and Redis on the rest. */
export interface Processors {
  readonly server: string
  readonly others: string
}

const run = promisify(execFile)

/** `undefined` where processes cannot be bound, or there is but one processor: then the system decides. */
export async function divideProcessors(): Promise<Processors | undefined> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const [first, ...rest] = processorsIn(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '')
  if (first === undefined || rest.length === 0) return undefined
  const isThere = await run('taskset', ['--version']).then(
    () => true,
    () => false,
  )
  return isThere ? { server: String(first), others: rest.join(',') } : undefined
}

/** Moves a process that runs, with all its threads. */
export async function bindProcess(pid: number, processors: string): Promise<void> {
  await run('taskset', ['-a', '-c', '-p', processors, String(pid)])
}

/** `0-2,5` is 0, 1, 2 and 5. */
export function processorsIn(list: string): number[] {
  return list.split(',').flatMap((range) => {
    if (range === '') return []
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
