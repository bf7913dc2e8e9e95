import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type RedisServer, type StartRedisOptions, startRedis } from '@transient/test-utils/redis'
import { afterEach, describe, expect, it } from 'vitest'
import { connectRedis, type RedisConnection } from '../src/lib/redis/redis-connection.ts'

const run = promisify(execFile)

// Processes take their time on a busy machine.
const slow = { timeout: 30_000 }

const open: { close(): unknown }[] = []

async function start(options?: StartRedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  open.push({ close: () => server.stop() })
  return server
}

async function connect(server: RedisServer, password?: string): Promise<RedisConnection> {
  const connection = await connectRedis(server.host, server.port, password)
  open.push(connection)
  return connection
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Another process ends on its own time: there is nothing to wait for but its absence. */
async function ended(pid: number): Promise<void> {
  for (const end = Date.now() + 4000; isRunning(pid) && Date.now() < end; ) await wait(10)
  expect(isRunning(pid)).toBe(false)
}

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

describe('startRedis', () => {
  it('starts an empty server that answers on the loopback address', async () => {
    const server = await start()
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`)
    expect(isRunning(server.pid)).toBe(true)
    const connection = await connect(server)
    expect(await connection.command('PING')).toBe('PONG')
    expect(await connection.command('DBSIZE')).toBe('0')
  })

  it('starts any number at once, each on its own port', slow, async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => start()))
    expect(new Set(servers.map((server) => server.port)).size).toBe(8)
    for (const [index, server] of servers.entries()) await (await connect(server)).command('SET', 'key', String(index))
    for (const [index, server] of servers.entries()) {
      expect(await (await connect(server)).command('GET', 'key')).toBe(String(index))
    }
  })

  it('keeps no snapshots and no append-only file', async () => {
    const connection = await connect(await start())
    expect(await connection.command('INFO', 'persistence')).toContain('aof_enabled:0')
    await connection.command('SET', 'key', 'value')
    expect(await connection.command('INFO', 'persistence')).toContain('rdb_bgsave_in_progress:0')
  })

  it('asks for the password, and puts it into the URL', async () => {
    const server = await start({ password: 'a/b c' })
    expect(server.url).toBe(`redis://:a%2Fb%20c@127.0.0.1:${server.port}`)
    await expect((await connect(server)).command('GET', 'key')).rejects.toThrow('NOAUTH')
    expect(await (await connect(server, 'a/b c')).command('PING')).toBe('PONG')
  })

  it('hands further arguments to the server, and takes a port', async () => {
    const first = await start({ args: ['--maxmemory', '5mb'] })
    expect(await (await connect(first)).command('INFO', 'memory')).toContain('maxmemory:5242880')
    await first.stop()
    expect((await start({ port: first.port })).port).toBe(first.port)
  })

  it('says what the server said when it does not start', slow, async () => {
    await expect(startRedis({ args: ['--no-such-option', '1'] })).rejects.toThrow(
      /did not start on port \d+: .*no-such-option/,
    )
    const taken = await start()
    await expect(startRedis({ port: taken.port })).rejects.toThrow(/did not start on port \d+: .*in use/)
    await expect(startRedis({ program: '/no/such/program' })).rejects.toThrow('ENOENT')
  })
})

describe('a private server', () => {
  it('stops, also when it is told twice, and leaves no folder behind', async () => {
    const server = await start()
    const { pid } = server
    const folder = await readlink(`/proc/${pid}/cwd`)
    expect(existsSync(folder)).toBe(true)
    await Promise.all([server.stop(), server.stop()])
    await server[Symbol.asyncDispose]()
    expect(isRunning(pid)).toBe(false)
    expect(existsSync(folder)).toBe(false)
    await expect(server.restart()).rejects.toThrow('was stopped')
  })

  it('can be killed, and comes back empty on the same port as another process', async () => {
    const server = await start()
    const { pid, port } = server
    const connection = await connect(server)
    await connection.command('SET', 'key', 'value')
    await server.kill()
    expect(isRunning(pid)).toBe(false)
    await expect(connection.command('PING')).rejects.toThrow(/ended|ECONNRESET|EPIPE/)
    await server.restart()
    expect(server.port).toBe(port)
    expect(server.pid).not.toBe(pid)
    expect(await (await connect(server)).command('DBSIZE')).toBe('0')
  })

  it('can be paused: it answers nothing until it is resumed, and loses nothing', async () => {
    const server = await start()
    const connection = await connect(server)
    await connection.command('SET', 'key', 'value')
    server.pause()
    let answered = false
    const answer = connection.command('GET', 'key').finally(() => (answered = true))
    // A real wait: silence shows only in time.
    await wait(100)
    expect(answered).toBe(false)
    server.resume()
    expect(await answer).toBe('value')
  })

  it('stops while it is paused', async () => {
    const server = await start()
    const { pid } = server
    server.pause()
    await server.stop()
    expect(isRunning(pid)).toBe(false)
  })

  it('ends with the process that started it, also when that one is killed', slow, async () => {
    const door = fileURLToPath(new URL('../src/redis.ts', import.meta.url))
    const script = `const { startRedis } = await import(${JSON.stringify(door)})
      const server = await startRedis()
      console.log(server.pid)
      server.pause()
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    open.push({ close: () => child.kill('SIGKILL') })
    const pid = await new Promise<number>((resolve, reject) => {
      createInterface(child.stdout).once('line', (line) => resolve(Number(line)))
      child.once('exit', () => reject(new Error('the child ended early')))
    })
    expect(isRunning(pid)).toBe(true)
    child.kill('SIGKILL')
    await ended(pid)
  })

  it('does not keep the process alive that forgot it', slow, async () => {
    const door = fileURLToPath(new URL('../src/redis.ts', import.meta.url))
    const script = `const { startRedis } = await import(${JSON.stringify(door)}); console.log((await startRedis()).pid)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    open.push({ close: () => child.kill('SIGKILL') })
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect(code).toBe(0)
    await ended(Number(output))
  })
})

it('leaves no folder of a server that was killed and forgotten', slow, async () => {
  const door = fileURLToPath(new URL('../src/redis.ts', import.meta.url))
  const script = `const { startRedis } = await import(${JSON.stringify(door)})
    const { readlinkSync } = await import('node:fs')
    const server = await startRedis()
    console.log(readlinkSync('/proc/' + server.pid + '/cwd'))
    await server.kill()`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
  const folder = stdout.trim()
  expect(folder).toContain('transient-redis-')
  // The guard is another process, and ends on its own time.
  for (const end = Date.now() + 4000; existsSync(folder) && Date.now() < end; ) await wait(10)
  expect(existsSync(folder)).toBe(false)
})

describe('monitor', () => {
  it('collects what clients send, in order, and not what scripts do inside the server', async () => {
    const server = await start()
    const monitor = await server.monitor()
    open.push({ close: () => monitor.stop() })
    const connection = await connect(server)
    await connection.command('SET', 'a key', 'ÅÄÖ "quoted" \\ \r\n\0')
    await connection.command('eval', "redis.call('SET', KEYS[1], '1'); return 'done'", '1', 'inside')
    await connection.command('SELECT', '3')
    await connection.command('GET', 'inside')
    const commands = await monitor.commands()
    expect(commands.map((command) => command.name)).toEqual(['SET', 'EVAL', 'SELECT', 'GET'])
    expect(commands[0]?.args).toEqual(['a key', 'ÅÄÖ "quoted" \\ \r\n\0'])
    expect(commands[3]?.database).toBe(3)
    expect(commands[0]?.client).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('forgets on clear, and counts from there', async () => {
    const server = await start()
    const monitor = await server.monitor()
    open.push({ close: () => monitor.stop() })
    const connection = await connect(server)
    await connection.command('SET', 'key', '1')
    await monitor.clear()
    expect(await monitor.commands()).toEqual([])
    for (let round = 0; round < 50; round += 1) await connection.command('GET', 'key')
    expect(await monitor.commands()).toHaveLength(50)
    expect(await monitor.commands()).toHaveLength(50)
  })

  it('listens on a server with a password', async () => {
    const server = await start({ password: 'secret' })
    const monitor = await server.monitor()
    open.push({ close: () => monitor.stop() })
    await (await connect(server, 'secret')).command('GET', 'key')
    expect((await monitor.commands()).map((command) => command.name)).toContain('GET')
  })
})
