import type { Aim } from '../aim.ts'
import type { BenchServer } from '../bench-server.ts'
import { type Heat, measureHeats, type Runner } from '../heats.ts'
import { type Plan, ratioOf, timeOf } from '../measure.ts'
import { median } from '../statistics.ts'
import { formatRate, formatSpread, type Row } from '../table.ts'
import type { RedisConnectionOrder } from '../work.ts'
import { connections, type HttpConditions, startHttpRunner } from './http-runner.ts'
import type { HttpSample } from './load.ts'
import type { HttpVerb } from './page.ts'
import type { Framework, Keeper } from './server-order.ts'
import { describeShape, type SessionShape } from './session-shape.ts'

/** One of those that run against ours. */
export interface Rival {
  readonly keeper: Exclude<Keeper, 'ours'>
  /** What it is called in the table: `express-session`, for instance. */
  readonly name: string
  /** For our throughput in proportion to theirs. */
  readonly aim?: Aim
}

/** Ours and its rivals, doing the same with sessions of one shape. */
export interface HttpCourse {
  readonly framework: Framework
  readonly verb: HttpVerb
  readonly shape: SessionShape
  readonly rivals: readonly Rival[]
}

/** What the course runs on. */
export interface HttpGround extends HttpConditions {
  readonly plan: Plan
  readonly server: BenchServer
  readonly connection: RedisConnectionOrder
}

export const httpColumns = ['ours', 'theirs', 'ratio', 'p99', 'server time', 'busy', 'Redis commands']

/** One row for each rival, all from the same heats. */
export async function raceHttp(course: HttpCourse, ground: HttpGround): Promise<readonly Row[]> {
  const { framework, verb, shape, rivals } = course
  const { plan, server, connection } = ground
  await server.empty()
  const starterOf = (keeper: Keeper) => () => startHttpRunner({ framework, keeper, shape, connection }, verb, ground)
  const commands = new Map<Keeper, number>()
  const heats = await measureHeats<Keeper, HttpSample>(plan, {
    start: Object.fromEntries(
      ['ours' as const, ...rivals.map(({ keeper }) => keeper)].map((keeper) => [keeper, starterOf(keeper)]),
    ) as Record<Keeper, () => Promise<Runner<HttpSample>>>,
    async afterwards(runners) {
      for (const [keeper, runner] of runners) commands.set(keeper, await commandsPerRequest(runner, server))
    },
  })
  return rivals.map(({ keeper, name, aim }) => {
    const ratio = ratioOf(
      heats.map((heat) => ({ ours: heat.ours, theirs: heat[keeper] })),
      'throughput',
    )
    const both = (show: (keeper: Keeper) => string): string => `${show('ours')} / ${show(keeper)}`
    return {
      label: `${verb}, ${describeShape(shape)}, beside ${name}`,
      cells: [
        rate(heats, 'ours'),
        rate(heats, keeper),
        formatSpread(ratio),
        `${both((who) => middle(heats, who, ({ p99 }) => p99 / 1e6).toFixed(1))} ms`,
        `${both((who) => middle(heats, who, (sample) => spent(sample) / sample.operations).toFixed(0))} us`,
        `${both((who) => (middle(heats, who, (sample) => (spent(sample) * 1e3) / sample.nanoseconds) * 100).toFixed(0))} %`,
        both((who) => String(commands.get(who))),
      ],
      figure: ratio.median,
      ...(aim === undefined ? {} : { aim }),
    }
  })
}

type Heats = readonly Heat<Keeper, HttpSample>[]

function middle(heats: Heats, keeper: Keeper, figureOf: (sample: HttpSample) => number): number {
  return median(heats.map((heat) => figureOf(heat[keeper])))
}

function rate(heats: Heats, keeper: Keeper): string {
  return formatRate(1e9 / middle(heats, keeper, timeOf))
}

function spent({ serverMicroseconds = 0 }: HttpSample): number {
  return serverMicroseconds
}

async function commandsPerRequest(runner: Runner<HttpSample>, server: BenchServer): Promise<number> {
  const names = await server.countCommands(() => runner.sample(connections))
  return names.length / connections
}
