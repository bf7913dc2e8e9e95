import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { HttpWorld, WorldGate } from '@transient/test-utils/http-conformance'
import type { RedisMonitor } from '@transient/test-utils/redis'
import type { RemoteAnswer, RemoteCall } from './remote-calls.ts'
import type { Runtime } from './runtime.ts'

/** A process that opens sites. */
export interface SiteProcess {
  /** What it runs on, as it says itself. */
  runtime(): Promise<string>
  /** A new world of sites. What reaches the Redis server is told by the monitor, as the process cannot know. */
  createWorld(monitor: RedisMonitor): Promise<HttpWorld>
  stop(): Promise<void>
}

type Returned = Extract<RemoteAnswer, { object: number }>
interface Waiting {
  resolve(answer: RemoteAnswer): void
  reject(error: Error): void
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Starts the program of a site on another runtime. It ends with this process, as its input does. */
export function startSiteProcess({ program, args }: Runtime, file: string, redisUrl: string): SiteProcess {
  const child = spawn(program, [...args, file, redisUrl], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] })
  const waiting = new Map<number, Waiting>()
  let complaints = ''
  let calls = 0
  let over: Error | undefined

  const ended = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      over = new Error(`the process of the site ${reason}. It said: ${complaints || 'nothing'}`)
      for (const { reject } of waiting.values()) reject(over)
      waiting.clear()
      resolve()
    }
    child.once('error', (error) => end(`did not start: ${error.message}`))
    child.once('close', (code, signal) => end(`ended with ${signal ?? code}`))
  })
  child.stdin.on('error', () => {})
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-4000)))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as RemoteAnswer
    waiting.get(answer.id)?.resolve(answer)
    waiting.delete(answer.id)
  })

  async function ask(object: number, method: string, args: readonly unknown[]): Promise<RemoteAnswer> {
    if (over !== undefined) throw over
    const call: RemoteCall = { id: ++calls, object, method, args }
    const answer = await new Promise<RemoteAnswer>((resolve, reject) => {
      waiting.set(call.id, { resolve, reject })
      child.stdin.write(`${JSON.stringify(call)}\n`)
    })
    if ('error' in answer) throw new Error(answer.error)
    return answer
  }
  async function value<T>(object: number, method: string, ...args: readonly unknown[]): Promise<T> {
    return ((await ask(object, method, args)) as { value: T }).value
  }
  async function gate(object: number, method: string, ...args: readonly unknown[]): Promise<WorldGate> {
    const { object: held } = (await ask(object, method, args)) as Returned
    return { arrived: (count = 1) => value(held, 'arrived', count), release: () => value(held, 'release') }
  }

  return {
    runtime: () => value(0, 'runtime'),
    async createWorld(monitor) {
      const { object: world } = (await ask(0, 'createWorld', [])) as Returned
      return {
        async open(settings = {}) {
          const { object: site, fields } = (await ask(world, 'open', [settings])) as Returned
          return { origin: fields.origin as string, stop: () => value(site, 'stop') }
        },
        hold: (verb, place = {}) => gate(world, 'hold', verb, finite(place)),
        fail: (verb, fault = {}) => value(world, 'fail', verb, finite(fault)),
        recover: () => value(world, 'recover'),
        meet: (place) => gate(world, 'meet', place),
        calls: () => value(world, 'calls'),
        commands: async () => (await monitor.commands()).map(({ name }) => name),
        async forgetCalls() {
          await value(world, 'forgetCalls')
          await monitor.clear()
        },
        overwrite: (bytes) => value(world, 'overwrite', bytes),
        dump: () => value(world, 'dump'),
        advance: (span) => value(world, 'advance', span),
        dispose: () => value(world, 'dispose'),
      }
    },
    async stop() {
      child.stdin.end()
      const impatience = setTimeout(() => child.kill('SIGKILL'), 3000)
      await ended
      clearTimeout(impatience)
    },
  }
}

/** JSON has no Infinity: a number that no test reaches stands for it. */
function finite<T extends { readonly times?: number }>(place: T): T {
  return place.times === Number.POSITIVE_INFINITY ? { ...place, times: Number.MAX_SAFE_INTEGER } : place
}
