import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A process of the benchmark, which answers one message after the other. */
export interface Worker {
  /** Sends a message and gives the reply. Rejects if the process ends instead. */
  ask(message: object): Promise<unknown>
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>
}

export interface WorkerOptions {
  /** The processors it may use, as `taskset` takes them. Default: all. */
  readonly processors?: string | undefined
  /** For Node. Default: none. */
  readonly nodeArguments?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Starts a program of this folder: `contender-process`, for instance. */
export function startWorker(program: string, options: WorkerOptions = {}): Worker {
  const { processors, nodeArguments = [], env = process.env } = options
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
  const child = fork(
    file,
    processors === undefined
      ? { env, execArgv: [...nodeArguments] }
      : { env, execPath: 'taskset', execArgv: ['-c', processors, process.execPath, ...nodeArguments] },
  )
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        const failed = (): void => reject(new Error(`a process of the benchmark ended: ${JSON.stringify(message)}`))
        child.once('exit', failed)
        child.once('message', (reply) => {
          child.off('exit', failed)
          resolve(reply)
        })
        child.send(message)
      }),
    async stop() {
      if (child.connected) child.send({ stop: true })
      await exited
    },
  }
}
