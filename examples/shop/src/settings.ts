export const frontNames = ['express', 'fastify', 'hono'] as const

/** Which framework the shop stands on. */
export type FrontName = (typeof frontNames)[number]

/** What the environment and the command line say. */
export interface Settings {
  readonly front: FrontName
  /** 0: any free one. */
  readonly port: number
  /** Default: this machine alone. */
  readonly host: string
  readonly redisUrl: string | undefined
  readonly secret: string | undefined
  /** Whether visitors come by https. */
  readonly secure: boolean
}

/** A reason not to start that is told in one line. */
export class StartError extends Error {}

const shortestSecret = 32

/**
 * Reads the environment and the arguments, of which there is at most one, the framework; a value that cannot be is a {@link StartError}.
 * Variables that are empty count as not set.
 */
export function readSettings(env: NodeJS.ProcessEnv, args: readonly string[] = []): Settings {
  const { PORT: port = '', HOST: host = '', REDIS_URL: redisUrl, SESSION_SECRET: secret } = env
  if (port !== '' && (!/^\d{1,5}$/.test(port) || Number(port) > 65_535))
    throw new StartError(`PORT must be a whole number from 0 to 65535, not ${JSON.stringify(port)}`)
  if (secret && secret.length < shortestSecret)
    throw new StartError(`SESSION_SECRET must have at least ${shortestSecret} characters, it has ${secret.length}`)
  const name = args[0] ?? (env['SHOP_FRONT'] || 'express')
  const front = frontNames.find((known) => known === name)
  if (front === undefined || args.length > 1)
    throw new StartError(
      `the shop runs on ${frontNames.join(', ')}, not on ${JSON.stringify(args.length > 1 ? args.join(' ') : name)}`,
    )
  const inProduction = env['NODE_ENV'] === 'production'
  if (inProduction && !secret) throw new StartError('SESSION_SECRET must be set when NODE_ENV is production')
  return {
    front,
    port: port === '' ? 3000 : Number(port),
    host: host || '127.0.0.1',
    redisUrl: redisUrl || undefined,
    secret: secret || undefined,
    secure: inProduction || env['SHOP_SECURE'] === '1',
  }
}
