import type { Aim } from '../aim.ts'
import type { Table } from '../table.ts'
import { type HttpCourse, type HttpGround, httpColumns, type Rival, raceHttp } from './http-race.ts'
import { connections } from './http-runner.ts'
import type { HttpVerb } from './page.ts'
import type { Framework } from './server-order.ts'
import type { SessionShape } from './session-shape.ts'

/** Beside whom our sessions are measured on a framework. */
interface Field {
  readonly title: string
  readonly byHand?: Aim
  readonly peer?: { readonly name: string; readonly aim: Aim }
  /** Whether every size is measured, or 200 B alone. */
  readonly full: boolean
}

const fields: Record<Framework, Field> = {
  express: {
    title: 'Express',
    byHand: { atLeast: 0.9 },
    peer: { name: 'express-session', aim: { atLeast: 1.6 } },
    full: true,
  },
  fastify: {
    title: 'Fastify',
    byHand: { atLeast: 0.8 },
    peer: { name: '@fastify/session', aim: { atLeast: 3 } },
    full: true,
  },
  hono: { title: 'Hono on node-server', byHand: { atLeast: 0.8 }, full: true },
  koa: { title: 'Koa', full: false },
  'node:http': { title: 'node:http', full: false },
  web: { title: 'Web-standard handlers, through a small adapter for node:http', full: false },
}

const small = 200
const sizes = [small, 2048, 20_480]
const layouts = ['text', 'fields'] as const

/** Sessions over HTTP with one framework: a table of all its courses, or with `quick` of two that show that everything works. */
export async function compareHttpSessions(framework: Framework, ground: HttpGround, quick: boolean): Promise<Table> {
  const rows = []
  for (const course of coursesOf(framework, quick)) rows.push(...(await raceHttp(course, ground)))
  return {
    title: `${fields[framework].title}: sessions in Redis, ${connections} connections. Requests in a time, more is better`,
    columns: httpColumns,
    rows,
  }
}

export function coursesOf(framework: Framework, quick: boolean): readonly HttpCourse[] {
  const shapes =
    fields[framework].full && !quick ? sizes.flatMap(shapesOf) : [{ layout: 'text', bytes: small } as const]
  return shapes.flatMap((shape) => {
    const verbs: HttpVerb[] = ['read', 'write']
    if (shape.layout === 'fields') verbs.splice(1, 0, 'read every field')
    return verbs.map((verb) => ({ framework, verb, shape, rivals: rivalsOf(framework, verb, shape) }))
  })
}

function shapesOf(bytes: number): readonly SessionShape[] {
  return layouts.map((layout) => ({ layout, bytes }))
}

function rivalsOf(framework: Framework, verb: HttpVerb, { layout, bytes }: SessionShape): readonly Rival[] {
  const { byHand, peer } = fields[framework]
  // Reading every field of a session is not what the aims are about: ours parses fields one by one, when they are asked for.
  const judged = verb !== 'read every field'
  const rivals: Rival[] = []
  const aim = judged && byHand !== undefined ? { aim: byHand } : {}
  if (verb === 'write') {
    rivals.push({ keeper: 'by hand, same script', name: 'by hand, the same commands', ...aim })
    rivals.push({ keeper: 'by hand', name: 'by hand, GETEX and SET' })
  } else rivals.push({ keeper: 'by hand', name: 'by hand', ...aim })
  if (peer !== undefined)
    rivals.push({ keeper: 'peer', name: peer.name, ...(judged && bytes === small ? { aim: peer.aim } : {}) })
  if (bytes === small && layout === 'text') rivals.push({ keeper: 'none', name: 'no session' })
  return rivals
}
