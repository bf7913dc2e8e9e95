import assert from 'node:assert/strict'
import type { Answer } from './answer.ts'
import type { HttpTestGroup } from './http-subject.ts'
import { assertLeavesCookie, assertSetsCookie, sessionLine } from './visitor.ts'

const day = 86_400
const lasting = { cookie: { secure: false, persistent: true } } as const
const years = { idleTimeout: '3650d', absoluteTimeout: '3650d' } as const

export const lifetimeTests: HttpTestGroup = {
  name: 'lifetimes',
  declare(it) {
    it('remember me: the cookie lasts a year from then on, under a new id', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      const { token } = known
      const answer = await known.post('/remember?for=365d')
      assert.notEqual(known.token, token)
      const seconds = maxAgeOf(answer) ?? 0
      assert.ok(seconds <= 365 * day && seconds > 365 * day - 60, `Max-Age=${seconds}`)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
      assertLeavesCookie(await known.get('/state'))
    })

    it('remember me: a session that was not remembered has ended by then', async ({ world, open }) => {
      const site = await open()
      const remembered = await site.knownVisitor()
      await remembered.post('/remember?for=365d')
      const other = await site.knownVisitor()
      await world.advance(200 * day * 1000)
      assert.equal((await other.state()).endedBecause, 'expired')
      assert.deepEqual((await remembered.state()).data, { text1: 'kept' })
    })

    it('forget me: the cookie ends with the browser, where others last', async ({ open }) => {
      const known = await (await open({ options: lasting })).knownVisitor()
      const answer = await known.post('/remember?for=2h&persistent=no')
      assertSetsCookie(answer)
      assert.equal(maxAgeOf(answer), undefined)
    })

    it('no cookie lasts longer than 400 days; it is issued anew after half of that, with the same session', async ({
      world,
      open,
    }) => {
      const site = await open({ options: lasting, sessions: years })
      const visitor = site.visitor()
      const first = maxAgeOf(await visitor.post('/set?text1=kept')) ?? 0
      assert.ok(first <= 400 * day && first > 399 * day, `Max-Age=${first}`)
      await world.advance(190 * day * 1000)
      assertLeavesCookie(await visitor.get('/state'))
      await world.advance(20 * day * 1000)
      const again = await visitor.get('/state')
      const second = maxAgeOf(again) ?? 0
      assert.ok(second <= 400 * day && second > 399 * day, `Max-Age=${second}`)
      assertLeavesCookie(await visitor.get('/state'))
      assert.deepEqual((await visitor.state()).data, { text1: 'kept' })
    })

    it('a field may end before the session does', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await known.post('/expire-note?note=brief&after=60000')
      assert.deepEqual((await known.state()).data, { text1: 'kept', note: 'brief' })
      await world.advance(60_000)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })
  },
}

function maxAgeOf(answer: Answer): number | undefined {
  const found = /; max-age=(\d+)/i.exec(sessionLine(answer) ?? '')
  return found === null ? undefined : Number(found[1])
}
