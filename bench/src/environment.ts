import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'

/** What the figures depend on: the Node, libraries, processors and how busy those are. */
export async function describeEnvironment(ioredis: 5 | 6): Promise<string> {
  const versions = [
    `Node ${process.versions.node}`,
    `ioredis ${await versionOf(ioredis === 5 ? 'ioredis-5' : 'ioredis')}`,
    `lru-cache ${await versionOf('lru-cache')}`,
  ]
  const [load = 0] = loadavg()
  const machine = `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}, load ${load.toFixed(2)}`
  const warning = load > 0.5 ? '\nThe machine is busy with other things: trust these figures less.' : ''
  return `${versions.join(' · ')}\n${machine}${warning}`
}

/** The frameworks, and what people use with them for sessions. */
export async function describeFrameworks(): Promise<string> {
  const names = [
    'express',
    'express-session',
    'fastify',
    '@fastify/session',
    'hono',
    '@hono/node-server',
    'koa',
    'connect-redis',
    'redis',
  ]
  const versions = await Promise.all(names.map(async (name) => `${name} ${await versionOf(name)}`))
  return versions.join(' · ')
}

/** The version of an installed package: not every package lets its package.json be imported. */
async function versionOf(name: string): Promise<string> {
  const require = createRequire(import.meta.url)
  for (let folder = dirname(require.resolve(name)); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')
    const { version } = JSON.parse(manifest) as { version?: string }
    if (version !== undefined) return version
  }
  return 'unknown'
}
