import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findRedisServer } from './find-redis-server.ts'
import { connectRedis } from './redis-connection.ts'
import { monitorRedis, type RedisMonitor } from './redis-monitor.ts'
import { createWatchdog, type Watchdog } from './watchdog.ts'

const host = '127.0.0.1'

/** Options of {@link startRedis}. */
export interface StartRedisOptions {
  /** More arguments for the server, for example `['--maxmemory', '4mb']`. */
  readonly args?: readonly string[]
  /** The password clients must give. Default: none. */
  readonly password?: string
  /** The port. Default: a free one. */
  readonly port?: number
  /** The server program. Default: what `findRedisServer` finds. */
  readonly program?: string
}

/** A private Redis server. It ends with the process (or worker thread) that started it, also when that one crashes. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** With the password, if there is one: `redis://127.0.0.1:40001`. */
  readonly url: string
  /** Of the running process; another one after `restart`. */
  readonly pid: number
  /** Ends the server and removes its folder. Repeated calls resolve. */
  stop(): Promise<void>
  /** SIGKILL: connections break, data is lost. `restart` brings it back, empty. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay open, nothing is answered until `resume`. */
  pause(): void
  /** SIGCONT. */
  resume(): void
  /** Ends the server, if it runs, and starts it again on the same port. */
  restart(): Promise<void>
  /** Starts to collect the commands that clients send. */
  monitor(): Promise<RedisMonitor>
}

/**
 * Starts a private Redis server on the loopback address and resolves when it answers: no snapshots, no append-only file,
 * its log in a folder of its own. Any number can run beside each other. Never touches a server that is running already.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const program = options.program ?? (await findRedisServer())
  const folder = await mkdtemp(join(tmpdir(), 'transient-redis-'))
  const watchdog = createWatchdog(folder)
  let running: RunningServer
  try {
    running = await launch(program, folder, options, watchdog)
  } catch (error) {
    await clear()
    throw error
  }
  const { port } = running
  let stopped: Promise<void> | undefined

  async function clear(): Promise<void> {
    await rm(folder, { recursive: true, force: true })
    watchdog.callOff()
  }

  function stop(): Promise<void> {
    // Its folder goes with it: there is nothing that it could still have to save.
    stopped ??= running.end('SIGKILL').then(clear)
    return stopped
  }

  return {
    host,
    port,
    url: `redis://${options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`}${host}:${port}`,
    get pid() {
      return running.pid
    },
    stop,
    kill: () => running.end('SIGKILL'),
    pause: () => running.signal('SIGSTOP'),
    resume: () => running.signal('SIGCONT'),
    async restart() {
      if (stopped !== undefined) throw new Error('the Redis server was stopped; start another one')
      await running.end('SIGTERM')
      running = await launch(program, folder, { ...options, port }, watchdog)
    },
    monitor: () => monitorRedis(host, port, options.password),
    [Symbol.asyncDispose]: stop,
  }
}

interface RunningServer {
  readonly pid: number
  readonly port: number
  signal(signal: NodeJS.Signals): void
  end(signal: NodeJS.Signals): Promise<void>
}

async function launch(
  program: string,
  folder: string,
  options: StartRedisOptions,
  watchdog: Watchdog,
): Promise<RunningServer> {
  // Between finding a free port and taking it another process may be faster: then the server ends, and we look again.
  for (let left = 9; ; left -= 1) {
    const port = options.port ?? (await freePort())
    const running = await launchOn(port, program, folder, options, watchdog)
    if (running !== undefined) return running
    if (left > 0 && options.port === undefined) continue
    const log = await readFile(join(folder, 'redis.log'), 'utf8').catch(() => '')
    throw new Error(`${program} did not start on port ${port}: ${log.trim().split('\n').slice(-3).join(' | ')}`)
  }
}

async function launchOn(
  port: number,
  program: string,
  folder: string,
  options: StartRedisOptions,
  watchdog: Watchdog,
): Promise<RunningServer | undefined> {
  const log = join(folder, 'redis.log')
  const own = ['--port', String(port), '--bind', host, '--save', '', '--appendonly', 'no', '--dir', folder]
  const password = options.password === undefined ? [] : ['--requirepass', options.password]
  const args = [...own, '--logfile', log, ...password, ...(options.args ?? [])]
  // What is wrong with its options the server says before it opens its log.
  const output = await open(log, 'a')
  const child = spawn(program, args, { stdio: ['ignore', output.fd, output.fd] })
  const ended = new Promise<'ended'>((resolve, reject) => {
    child.once('exit', () => resolve('ended'))
    child.once('error', reject)
  })
  const pid = await Promise.race([spawned(child), ended.then(() => 0)]).finally(() => output.close())
  watchdog.guard(pid)
  void ended.then(() => watchdog.guard(undefined))
  // A server that a test forgot must not keep the test process alive.
  child.unref()

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    child.kill(signal)
    child.kill('SIGCONT')
    const impatience = setTimeout(() => child.kill('SIGKILL'), 3000)
    await ended
    clearTimeout(impatience)
  }

  const ready = await Promise.race([answers(port, pid, options.password), ended])
  if (ready === 'ended') return undefined
  if (ready === 'silent') {
    // Where another server has the port, ours is about to find out, and to write so into its log.
    await Promise.race([ended, wait(1000, undefined, { ref: false })])
    await end('SIGKILL')
    return undefined
  }
  return { pid, port, end, signal: (signal) => void child.kill(signal) }
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.once('spawn', () => resolve(child.pid as number)))
}

/** Asks until the server answers, and answers as the process that we started. */
async function answers(port: number, pid: number, password: string | undefined): Promise<'ready' | 'silent'> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    try {
      const connection = await connectRedis(host, port, password)
      try {
        await connection.command('PING')
        const info = await connection.command('INFO', 'server')
        return info.includes(`process_id:${pid}\r\n`) ? 'ready' : 'silent'
      } finally {
        connection.close()
      }
    } catch {
      // A starting server has no way to call us.
      await wait(5)
    }
  }
  return 'silent'
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
