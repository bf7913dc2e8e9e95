import assert from 'node:assert/strict'
import type { FaultVerb } from '../faults/fault-verb.ts'
import { createVisitor, type Visitor } from './visitor.ts'
import type { HttpHarness, HttpWorld, SiteSettings } from './world.ts'

/** What a test of the suite works with. */
export interface HttpSubject {
  readonly world: HttpWorld
  open(settings?: SiteSettings): Promise<Site>
  /** Asserts what the store was asked for since the last `world.forgetCalls()`, and that it was no more than that on the wire. */
  assertCalls(...verbs: FaultVerb[]): Promise<void>
}

/** An open site, as its visitors see it. */
export interface Site {
  readonly origin: string
  /** A browser, with no cookies or with these. */
  visitor(cookie?: string): Visitor
  /** A browser whose session has `text1: 'kept'` in it. */
  knownVisitor(): Promise<Visitor>
}

/** Declares one test of a group; the name is a sentence. */
export type DeclareHttpTest = (sentence: string, test: (subject: HttpSubject) => Promise<void>) => void

/** The tests of one subject. */
export interface HttpTestGroup {
  readonly name: string
  readonly declare: (it: DeclareHttpTest) => void
}

/** Runs one test in a world of its own, and ends what it left held when it takes too long. */
export async function withWorld(harness: HttpHarness, test: (subject: HttpSubject) => Promise<void>): Promise<void> {
  const world = await harness.create()
  const { patience = 20_000 } = harness
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the test was not done after ${patience} ms`)), patience)
  })
  try {
    const running = test(subjectOf(world))
    running.catch(() => {})
    await Promise.race([running, late])
  } catch (error) {
    // Of a site that fails, the end may fail too: what came first says why.
    await world.dispose().catch(() => {})
    throw error
  } finally {
    clearTimeout(timer)
  }
  await world.dispose()
}

function subjectOf(world: HttpWorld): HttpSubject {
  return {
    world,
    async open(settings) {
      const { origin } = await world.open(settings)
      const visitor = (cookie?: string) => createVisitor(origin, cookie)
      return {
        origin,
        visitor,
        async knownVisitor() {
          const known = visitor()
          const answer = await known.post('/set?text1=kept')
          assert.equal(answer.status, 200, `/set answered: ${answer.text.slice(0, 300)}`)
          assert.ok(known.token, 'the first write gives a cookie')
          return known
        },
      }
    },
    async assertCalls(...verbs) {
      assert.deepEqual(await world.calls(), verbs)
      const commands = await world.commands()
      if (commands !== undefined)
        assert.equal(commands.length, verbs.length, `commands on the wire: ${commands.join(', ')}`)
    },
  }
}
