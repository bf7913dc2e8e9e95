import type { RedisConnectionOrder } from '../work.ts'
import type { Pages } from './page.ts'
import type { SessionShape } from './session-shape.ts'

export const frameworks = ['express', 'fastify', 'hono', 'koa', 'node:http', 'web'] as const

export type Framework = (typeof frameworks)[number]

/**
 * Who keeps the sessions. `by hand`: the handler itself, with GETEX and SET. `by hand, same script`: with the script that ours
 * sends instead of SET. `peer`: what people use with this framework. `none`: nobody, the ceiling.
 */
export type Keeper = 'ours' | 'by hand' | 'by hand, same script' | 'peer' | 'none'

/** What a server's process is asked to be. */
export interface ServerOrder {
  readonly framework: Framework
  readonly keeper: Keeper
  readonly shape: SessionShape
  readonly connection: RedisConnectionOrder
}

/** What a framework is given: the order, and what its handlers are to do with a session. */
export interface Assignment {
  readonly order: ServerOrder
  readonly pages: Pages
}

/** A server that listens, on the loopback address. */
export interface Served {
  readonly port: number
  close(): Promise<void>
}

type Release = () => Promise<void>

/** How a framework gets its routes, for each keeper that it has; each tells how to close the connection to Redis. */
export interface Routing {
  ours(assignment: Assignment): Promise<Release>
  peer?(assignment: Assignment): Promise<Release>
  /** `visit` gives the session that everybody has. */
  none(assignment: Assignment & { visit(): object }): Promise<Release>
  byHand(assignment: Assignment & { writesBy: 'SET' | 'script' }): Promise<Release>
}

/** Who visits a server that knows no sessions. */
export const nobody = 'nobody'

export async function byKeeper(assignment: Assignment, routing: Routing): Promise<Release> {
  const { framework, keeper } = assignment.order
  switch (keeper) {
    case 'ours':
      return routing.ours(assignment)
    case 'by hand':
      return routing.byHand({ ...assignment, writesBy: 'SET' })
    case 'by hand, same script':
      return routing.byHand({ ...assignment, writesBy: 'script' })
    case 'none': {
      const visit = {}
      assignment.pages.begin(visit, nobody)
      return routing.none({ ...assignment, visit: () => ({ ...visit }) })
    }
    case 'peer':
      if (routing.peer === undefined) throw new Error(`${framework} has no peer here`)
      return routing.peer(assignment)
  }
}
