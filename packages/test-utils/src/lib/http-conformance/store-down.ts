import assert from 'node:assert/strict'
import type { HttpTestGroup } from './http-subject.ts'
import type { SessionState } from './routes-reading.ts'
import { assertLeavesCookie } from './visitor.ts'

const always = { times: Number.POSITIVE_INFINITY } as const
const anonymous = { options: { cookie: { secure: false }, storeDown: 'anonymous' } } as const

export const storeDownTests: HttpTestGroup = {
  name: "a store that is down, with storeDown 'anonymous'",
  declare(it) {
    it('makes a known visitor anonymous for this request, and keeps the cookie', async ({ world, open }) => {
      const known = await (await open(anonymous)).knownVisitor()
      await world.fail('get')
      const answer = await known.get('/state')
      const state = answer.json<SessionState>()
      assert.deepEqual([answer.status, state.data, state.readFailure], [200, {}, 'unavailable'])
      assertLeavesCookie(answer)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })

    it('never puts a fresh session over one that could not be read', async ({ world, open }) => {
      const known = await (await open(anonymous)).knownVisitor()
      for (const path of ['/set?text1=lost', '/count', '/push?item=lost', '/renew', '/login?user=someone', '/flash']) {
        await world.fail('get')
        await world.forgetCalls()
        const answer = await known.post(path)
        assert.deepEqual([answer.status, answer.text], [503, 'error page: unavailable'], path)
        assertLeavesCookie(answer)
        assert.ok(!(await world.calls()).includes('compareAndSet'), path)
        await world.recover()
      }
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })

    it('is decided within the deadline', async ({ world, open }) => {
      const { cookie } = await (await open(anonymous)).knownVisitor()
      const hasty = await open({ ...anonymous, sessions: { deadline: '50ms' } })
      const gate = await world.hold('*', always)
      assert.equal((await hasty.visitor(cookie).state()).readFailure, 'timeout')
      await gate.release()
    })

    it('is nothing to a new visitor, who may write if the store takes it', async ({ world, open }) => {
      const visitor = (await open(anonymous)).visitor()
      await world.fail('get', always)
      assert.equal((await visitor.post('/set?text1=a')).status, 200)
      await world.recover()
      assert.deepEqual((await visitor.state()).data, { text1: 'a' })
    })
  },
}
