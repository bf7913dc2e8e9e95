import { createSessionStore, isTransientError, type Session, type TransientStore } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createFaultyStore } from '@transient/test-utils/faults'
import fc, { type Scheduler } from 'fast-check'
import { expect, test } from 'vitest'
import { type Shop, secret, shopOn } from './shop.ts'
import { livingOf, unlistedOf } from './users.ts'

const users = ['åsa', 'örjan'] as const
const browsers = 4

/** What one request does. */
type Action =
  | { readonly does: 'read' | 'commit' | 'update' | 'logout'; readonly browser: number }
  | { readonly does: 'login'; readonly browser: number; readonly user: (typeof users)[number] }
  | { readonly does: 'renew'; readonly browser: number; readonly grace: boolean }
  | { readonly does: 'revoke'; readonly user: (typeof users)[number]; readonly spares: number | undefined }

/** What begins at one moment, and how long it is quiet afterwards. */
interface Step {
  readonly actions: readonly Action[]
  readonly pause: number
}

const browser = fc.nat(browsers - 1)
const user = fc.constantFrom(...users)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constantFrom('read', 'commit', 'update', 'logout'), browser }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('login' as const), browser, user }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('renew' as const), browser, grace: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('revoke' as const),
      user,
      spares: fc.option(browser, { nil: undefined }),
    }),
  },
)
const step: fc.Arbitrary<Step> = fc.record({
  actions: fc.array(action, { minLength: 1, maxLength: 4 }),
  pause: fc.constantFrom(0, 0, 5000, 11_000, 20 * 60_000, 31 * 60_000),
})

/** What is known of all ids that a session had: those that a renewal or another login of its user gave it are the same session. */
interface Lineage {
  user: string | undefined
  readonly handles: Set<string>
  /** The fields whose commit was acknowledged. */
  readonly fields: Set<string>
  /** How many logins went out from it. While there is more than one, who gets what is told by the tests of races. */
  logins: number
}

/** The store, each of whose calls waits until the scheduler lets it go. */
function inRandomOrder(store: TransientStore, scheduler: Scheduler): TransientStore {
  const names = [
    'get',
    'getMany',
    'set',
    'setMany',
    'delete',
    'touch',
    'ttl',
    'take',
    'compareAndSet',
    'increment',
  ] as const
  const verbs = names.map((name) => {
    const verb = store[name] as (...args: unknown[]) => Promise<unknown>
    return [
      name,
      async (...args: unknown[]) => {
        await scheduler.schedule(Promise.resolve(), name)
        return verb(...args)
      },
    ]
  })
  return { ...store, ...(Object.fromEntries(verbs) as object) }
}

/** Runs the steps, and looks after each of them whether everything is as it has to be. */
async function run(steps: readonly Step[], scheduler: Scheduler): Promise<void> {
  let time = 1_700_000_000_000
  const now = () => time
  const memory = createMemoryStore({ now })
  const shop = shopOn(createFaultyStore(memory), createFaultyStore(memory), { now })
  const options = { secrets: secret, deadline: '30s', now } as const
  // Two processes, so that no queue in one of them puts things in order.
  const processes = [1, 2].map(() => createSessionStore<Shop>(inRandomOrder(memory, scheduler), options))
  const cookies: (string | undefined)[] = Array.from({ length: browsers }, () => undefined)
  const lineages = new Map<string, Lineage>()
  const ended = new Set<string>()
  let count = 0

  const lineageOf = (token: string | undefined): Lineage | undefined =>
    token === undefined ? undefined : lineages.get(token)

  /** What is known now of the session that a request ended with. */
  function know(session: Session<Shop>, from: Lineage | undefined, fields: Iterable<string>): void {
    if (session.token === undefined) return
    const goesOn = from !== undefined && from.user === session.userId
    const lineage =
      lineageOf(session.token) ??
      (goesOn ? from : { user: session.userId, handles: new Set(), fields: new Set(), logins: 0 })
    for (const field of fields) lineage.fields.add(field)
    if (session.handle !== undefined) lineage.handles.add(session.handle)
    lineages.set(session.token, lineage)
  }

  async function request(act: Exclude<Action, { does: 'revoke' }>): Promise<void> {
    const cookie = cookies[act.browser]
    const sessions = processes[act.browser % 2] as (typeof processes)[0]
    const session = sessions.open(cookie)
    let from = lineageOf(cookie)
    const had = [...(from?.fields ?? [])]
    const field = `field${++count}` as const
    try {
      await session.load()
      // Whoever finds no session begins another one.
      if (session.isNew) from = undefined
      if (act.does === 'commit') session.data[field] = 1
      else if (act.does === 'update') await session.update(field, () => 1)
      else if (act.does === 'logout') await session.logout()
      else if (act.does === 'renew') await session.renew(act.grace ? {} : { grace: false })
      else if (act.does === 'login') {
        const isMove = session.userId === undefined || session.userId === act.user
        if (from !== undefined && session.token !== undefined) from.logins += 1
        const isTaken = session.token !== undefined && isMove
        await session.login(act.user)
        know(session, isTaken && from?.user === act.user ? from : undefined, isTaken ? had : [])
      }
      await session.commit()
      const isWritten = act.does === 'commit' || act.does === 'update'
      know(session, from, isWritten ? [field] : [])
      // As http does: whoever has another token sets it, and whoever ended a session clears it.
      if (session.token !== undefined && session.token !== cookie) cookies[act.browser] = session.token
      else if (session.token === undefined && session.isDestroyed) cookies[act.browser] = undefined
    } catch (error) {
      if (!isTransientError(error) || error.code !== 'session-ended') throw error
    }
  }

  async function revoke({ user: whose, spares }: Action & { does: 'revoke' }): Promise<void> {
    const spared = spares === undefined ? undefined : lineageOf(cookies[spares])
    const except = spared?.user === whose ? [...spared.handles].at(-1) : undefined
    const before = new Set(
      [...lineages.values()].filter((one) => one.user === whose).flatMap((one) => [...one.handles]),
    )
    await (processes[0] as (typeof processes)[0]).revoke(whose, { except })
    for (const handle of before) if (handle !== except) ended.add(handle)
  }

  async function look(): Promise<void> {
    for (const whose of users) expect(await unlistedOf(shop, whose)).toEqual([])
    for (const [token, lineage] of lineages) {
      // Looking keeps no session alive: it is the same moment.
      const session = await shop.sessions.load(token)
      if (session.isNew) continue
      expect(session.userId).toBe(lineage.user)
      expect(ended).not.toContain(session.handle)
      if (lineage.logins <= 1) expect(Object.keys(session.data)).toEqual(expect.arrayContaining([...lineage.fields]))
    }
  }

  for (const { actions, pause } of steps) {
    const work = Promise.all(actions.map((act) => (act.does === 'revoke' ? revoke(act) : request(act))))
    await scheduler.waitFor(work)
    await look()
    time += pause
  }
  for (const whose of users) {
    await shop.sessions.revoke(whose)
    expect(await livingOf(shop, whose)).toEqual([])
  }
}

test('whatever four browsers do at once: no field is lost, no token leads to another user, and who was revoked is out', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), fc.scheduler(), run), {
    numRuns: 300,
  })
}, 120_000)
