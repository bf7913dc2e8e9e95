import assert from 'node:assert/strict'
import type { HttpTestGroup } from './http-subject.ts'
import { assertLeavesCookie, assertSetsCookie, sessionLine } from './visitor.ts'

const post = { method: 'POST' } as const
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

export const raceTests: HttpTestGroup = {
  name: 'races',
  declare(it) {
    it('twenty requests at once that change twenty fields all keep their change', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      const gate = await world.meet('loaded')
      const coming = numbers(20).map((at) => known.begin(`/meet-and-set?text${at}=${at}`, post))
      await gate.arrived(20)
      await gate.release()
      for (const { done } of coming) assert.equal((await done).status, 200)
      assert.deepEqual((await known.state()).data, Object.fromEntries(numbers(20).map((at) => [`text${at}`, `${at}`])))
    })

    it('of two writes of one field the later commit wins', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      const gate = await world.meet('loaded')
      const slow = known.begin('/meet-and-set?text1=slow', post)
      await gate.arrived()
      await known.post('/set?text1=quick')
      await gate.release()
      assert.equal((await slow.done).status, 200)
      assert.deepEqual((await known.state()).data, { text1: 'slow' })
    })

    it('twenty updates of one field at once are exact', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      const gate = await world.meet('loaded')
      const coming = numbers(20).map(() => known.begin('/count', post))
      await gate.arrived(20)
      await gate.release()
      const counts = await Promise.all(coming.map(({ done }) => done))
      assert.deepEqual(
        counts.map(({ text }) => Number(text)).sort((a, b) => a - b),
        numbers(20),
      )
    })

    it('a slow writer does not bring a session back after a logout: 409, and no cookie', async ({ world, open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const { cookie } = known
      const gate = await world.meet('loaded')
      const slow = known.begin('/meet-and-set?text2=late', post)
      await gate.arrived()
      await known.post('/logout')
      await gate.release()
      const answer = await slow.done
      assert.deepEqual([answer.status, answer.text], [409, 'error page: session-ended'])
      assert.equal(answer.header('x-handler'), undefined)
      assertLeavesCookie(answer)
      assert.equal((await site.visitor(cookie).state()).isNew, true)
    })

    it('nor does one whose write is on its way to the store', async ({ world, open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const { cookie } = known
      const gate = await world.hold('compareAndSet')
      const slow = known.begin('/set?text2=late', post)
      await gate.arrived()
      await known.post('/logout')
      await gate.release()
      const answer = await slow.done
      assert.deepEqual([answer.status, answer.text], [409, 'error page: session-ended'])
      assertLeavesCookie(answer)
      assert.equal((await site.visitor(cookie).state()).isNew, true)
    })

    it('nor does a slow reader, whose own answer is as it was read', async ({ world, open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const { cookie } = known
      const gate = await world.meet('loaded')
      const slow = known.begin('/meet-and-read')
      await gate.arrived()
      await known.post('/logout')
      await gate.release()
      const answer = await slow.done
      assert.deepEqual(answer.json<{ data: object }>().data, { text1: 'kept' })
      assertLeavesCookie(answer)
      assert.equal((await site.visitor(cookie).state()).isNew, true)
    })

    it('a slow writer whose session was revoked meanwhile is told 409', async ({ world, open }) => {
      const site = await open()
      const [here, there] = [site.visitor(), site.visitor()]
      await here.post('/login?user=Åsa')
      await there.post('/login?user=Åsa')
      const gate = await world.meet('loaded')
      const slow = there.begin('/meet-and-set?text1=late', post)
      await gate.arrived()
      await here.post('/revoke-others')
      await gate.release()
      const answer = await slow.done
      assert.deepEqual([answer.status, answer.text], [409, 'error page: session-ended'])
      assertLeavesCookie(answer)
      assert.equal((await there.state()).endedBecause, 'revoked')
    })

    it('a renewal beside five requests in flight, and five more with the old id, logs nobody out', async ({
      world,
      open,
    }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const late = site.visitor(known.cookie)
      const gate = await world.meet('loaded')
      const inFlight = numbers(5).map((at) => late.begin(`/meet-and-set?text${at + 1}=in-flight`, post))
      await gate.arrived(5)
      assertSetsCookie(await known.post('/renew'))
      const after = numbers(5).map((at) => late.begin(`/meet-and-set?text${at + 6}=after`, post))
      await gate.arrived(10)
      await gate.release()
      for (const { done } of [...inFlight, ...after]) {
        const answer = await done
        assert.equal(answer.status, 200, answer.text)
        assertLeavesCookie(answer)
      }
      const expected = numbers(10).map((at) => [`text${at + 1}`, at <= 5 ? 'in-flight' : 'after'])
      assert.deepEqual((await known.state()).data, { text1: 'kept', ...Object.fromEntries(expected) })
    })

    it('of two renewals at once one gives a cookie, the other neither sets nor clears it', async ({ world, open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const gate = await world.meet('loaded')
      const both = [known.begin('/meet-and-renew', post), known.begin('/meet-and-renew', post)]
      await gate.arrived(2)
      await gate.release()
      const answers = await Promise.all(both.map(({ done }) => done))
      for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text)
        assert.deepEqual(answer.json<{ data: object }>().data, { text1: 'kept' })
        known.keep(answer)
      }
      assert.equal(answers.filter(sessionLine).length, 1)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })

    it('a login beside a slow anonymous write loses nothing, and its own fields win', async ({ world, open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const gate = await world.meet('loaded')
      const slow = known.begin('/meet-and-set?text1=slow&text2=slow', post)
      await gate.arrived()
      await known.post('/login?user=Åsa&text1=login')
      await gate.release()
      const answer = await slow.done
      assert.equal(answer.status, 200, answer.text)
      assertLeavesCookie(answer)
      const state = await known.state()
      assert.deepEqual([state.userId, state.data], ['Åsa', { text1: 'login', text2: 'slow' }])
    })

    it('a write that overtakes the login of its visitor is not lost either', async ({ world, open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const gate = await world.meet('login')
      const login = known.begin('/login?user=Åsa', post)
      await gate.arrived()
      await known.post('/set?text2=quick')
      await gate.release()
      const answer = await login.done
      known.keep(answer)
      assert.deepEqual((await known.state()).data, { text1: 'kept', text2: 'quick' })
    })
  },
}
