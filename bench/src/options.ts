import { parseArgs } from 'node:util'
import { type Framework, frameworks } from './http/server-order.ts'
import type { Plan } from './measure.ts'

export const parts = ['memory', 'memory-bytes', 'redis', 'cas', 'http'] as const

export type Part = (typeof parts)[number]

export interface BenchOptions {
  readonly only: readonly Part[]
  readonly quick: boolean
  readonly check: boolean
  readonly help: boolean
  /** The program of a server; undefined means the one that is found. */
  readonly server: string | undefined
  readonly ioredis: 5 | 6
  readonly ownConnection: boolean
  /** Which frameworks are measured in the part `http`. */
  readonly frameworks: readonly Framework[]
  /** A folder for the CPU profiles of the web servers; undefined: none are made. */
  readonly profiles: string | undefined
}

export const usage = `Usage: pnpm bench [options]

  --only <part>        ${parts.join(', ')}; may be given several times (default: all)
  --quick              fewer and shorter samples: shows that everything works, its figures say little
  --check              exit with 1 when an aim is missed
  --server <path>      the program of a Redis or Valkey server (default: the one on the PATH, or a fetched one)
  --ioredis 5|6        the version of ioredis, for our store and for the bare client (default: 6)
  --own-connection     our store gets the URL and opens its own connection, instead of a client like the bare one
  --framework <name>   of the part http: ${frameworks.join(', ')}; may be given several times (default: all)
  --profiles <folder>  the web servers of the part http leave CPU profiles there, which slows them down
  --help`

/** The options of a command line. Throws an `Error` that says what is wrong with it. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    // pnpm hands on the "--" that keeps its own options apart from ours.
    args: args.filter((arg) => arg !== '--'),
    options: {
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      server: { type: 'string' },
      ioredis: { type: 'string', default: '6' },
      'own-connection': { type: 'boolean', default: false },
      framework: { type: 'string', multiple: true, default: [] },
      profiles: { type: 'string' },
    },
  })
  const { only, quick, check, help, server, ioredis, 'own-connection': ownConnection, framework, profiles } = values
  if (ioredis !== '5' && ioredis !== '6') throw new Error(`--ioredis is 5 or 6, not ${ioredis}`)
  if (ownConnection && ioredis === '5') throw new Error('--own-connection needs ioredis 6, which our store opens here')
  return {
    only: picked('--only', only, parts),
    quick,
    check,
    help,
    server,
    ioredis: ioredis === '5' ? 5 : 6,
    ownConnection,
    frameworks: picked('--framework', framework, frameworks),
    profiles,
  }
}

/** All that there are, if none is named. */
function picked<Name extends string>(
  option: string,
  given: readonly string[],
  known: readonly Name[],
): readonly Name[] {
  if (given.length === 0) return known
  return given.map((name) => {
    const found = known.find((one) => one === name)
    if (found === undefined) throw new Error(`${option} is one of ${known.join(', ')}, not ${name}`)
    return found
  })
}

/** How much is measured. */
export function planOf({ quick }: Pick<BenchOptions, 'quick'>): Plan {
  return quick
    ? { rounds: 1, pairs: 4, sampleTime: 40, warmUpTime: 100 }
    : { rounds: 5, pairs: 6, sampleTime: 150, warmUpTime: 600 }
}

/** How much of a web server is measured: it has more to compile before it is warm. */
export function httpPlanOf({ quick }: Pick<BenchOptions, 'quick'>): Plan {
  return quick
    ? { rounds: 1, pairs: 2, sampleTime: 80, warmUpTime: 300 }
    : { rounds: 3, pairs: 6, sampleTime: 250, warmUpTime: 1500 }
}
