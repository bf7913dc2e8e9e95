import assert from 'node:assert/strict'
import type { HttpTestGroup } from './http-subject.ts'
import { assertLeavesCookie, assertSetsCookie } from './visitor.ts'

export const renewalTests: HttpTestGroup = {
  name: 'renewal',
  declare(it) {
    it('gives a new id, once, and keeps the data', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      const { token } = known
      assertSetsCookie(await known.post('/renew?text2=also'))
      assert.notEqual(known.token, token)
      const answer = await known.get('/state')
      assert.deepEqual(answer.json<{ data: object }>().data, { text1: 'kept', text2: 'also' })
      assertLeavesCookie(answer)
    })

    it('lets the old id read and write for a while, and gives it no cookie', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const late = site.visitor(known.cookie)
      await known.post('/renew')
      const read = await late.get('/state')
      assert.deepEqual(read.json<{ data: object }>().data, { text1: 'kept' })
      assertLeavesCookie(read)
      assertLeavesCookie(await late.post('/set?text2=late'))
      assert.deepEqual((await known.state()).data, { text1: 'kept', text2: 'late' })
    })

    it('with grace: false lets the old id do nothing', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const late = site.visitor(known.cookie)
      await known.post('/renew?sharp')
      const answer = await late.get('/state')
      assert.deepEqual(answer.json<{ data: object }>().data, {})
      assertLeavesCookie(answer)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })

    it('forgets the old id when its grace is over, however often it was read', async ({ world, open }) => {
      const site = await open({ sessions: { renewGrace: '10s' } })
      const known = await site.knownVisitor()
      const late = site.visitor(known.cookie)
      await known.post('/renew')
      for (let times = 0; times < 3; times += 1) {
        await world.advance(3000)
        assert.deepEqual((await late.state()).data, { text1: 'kept' })
      }
      await world.advance(1000)
      const state = await late.state()
      assert.deepEqual([state.data, state.isNew], [{}, true])
      assert.match(state.endedBecause ?? '', /^(renewed|expired)$/)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })

    it('ends with a logout by the old id, too', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const late = site.visitor(known.cookie)
      await known.post('/renew')
      await late.post('/logout')
      assert.equal((await known.state()).isNew, true)
    })

    it('is not lost when the handler throws after it', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      const { token } = known
      const answer = await known.post('/renew-and-throw')
      assert.equal(answer.status, 500)
      assert.notEqual(known.token, token)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })

    it('of a visitor without a session is nothing', async ({ world, open, assertCalls }) => {
      const visitor = (await open()).visitor()
      await world.forgetCalls()
      assertLeavesCookie(await visitor.post('/renew'))
      await assertCalls()
    })
  },
}
