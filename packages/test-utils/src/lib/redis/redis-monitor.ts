import { randomUUID } from 'node:crypto'
import { connectRedis } from './redis-connection.ts'

/** One command as the server saw it. */
export interface MonitoredCommand {
  /** In capitals: `GET`, `EVALSHA`. */
  readonly name: string
  readonly args: readonly string[]
  readonly database: number
  /** The address of the client that sent it. */
  readonly client: string
  /** The line of MONITOR, as it came. */
  readonly line: string
}

/** Collects what clients send to a server. Commands that scripts run inside the server are left out. */
export interface RedisMonitor {
  /** The commands since the start or the last `clear`. Waits until the server has reported all it took before this call. */
  commands(): Promise<readonly MonitoredCommand[]>
  /** Forgets what was collected, also what the server took before this call and has not reported yet. */
  clear(): Promise<void>
  stop(): void
}

export async function monitorRedis(host: string, port: number, password?: string): Promise<RedisMonitor> {
  const ears = await connectRedis(host, port, password)
  const voice = await connectRedis(host, port, password)
  const markers = new Map<string, () => void>()
  let collected: MonitoredCommand[] = []

  ears.listen((line) => {
    const command = parseLine(line.toString())
    if (command === undefined) return
    const marker = command.name === 'ECHO' ? markers.get(command.args[0] ?? '') : undefined
    if (marker === undefined) collected.push(command)
    else marker()
  })
  await ears.command('MONITOR')

  // The server reports in the order it executes: when our own mark shows up, everything before it has.
  async function settle(): Promise<void> {
    const mark = randomUUID()
    const seen = new Promise<void>((resolve) => markers.set(mark, resolve))
    await voice.command('ECHO', mark)
    await seen
    markers.delete(mark)
  }

  return {
    async commands() {
      await settle()
      return [...collected]
    },
    async clear() {
      await settle()
      collected = []
    },
    stop() {
      ears.close()
      voice.close()
    },
  }
}

// 1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
const form = /^[\d.]+ \[(\d+) ([^\]]*)\] (.*)$/s

function parseLine(line: string): MonitoredCommand | undefined {
  const match = form.exec(line)
  if (match === null || match[2] === 'lua') return undefined
  const words = [...(match[3] as string).matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map((word) => unescape(word[1] as string))
  const [name = '', ...args] = words
  return { name: name.toUpperCase(), args, database: Number(match[1]), client: match[2] as string, line }
}

const controls: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }

function unescape(word: string): string {
  const bytes = word.replace(/\\(?:x([0-9a-f]{2})|(.))/gs, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (controls[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString()
}
