import assert from 'node:assert/strict'
import type { HttpTestGroup } from './http-subject.ts'
import { assertLeavesCookie, sessionLine } from './visitor.ts'

const always = { times: Number.POSITIVE_INFINITY } as const

export const failureTests: HttpTestGroup = {
  name: 'failures',
  declare(it) {
    for (const path of ['/set?text1=lost', '/stream?text1=lost', '/redirect?text1=lost']) {
      it(`a commit that fails drops the response of POST ${path.split('?')[0]}`, async ({ world, open }) => {
        const site = await open()
        const known = await site.knownVisitor()
        for (const visitor of [known, site.visitor()]) {
          await world.fail('compareAndSet')
          const answer = await visitor.post(path)
          assert.deepEqual([answer.status, answer.text], [503, 'error page: unavailable'])
          assert.equal(answer.header('x-error-page'), 'yes')
          assert.equal(answer.header('x-handler'), undefined)
          assert.equal(answer.header('location'), undefined)
          assert.deepEqual(answer.cookies, [])
        }
        assert.deepEqual((await known.state()).data, { text1: 'kept' })
      })
    }

    it('a dropped response leaves what earlier middleware had set', async ({ world, open }) => {
      const visitor = (await open()).visitor()
      const earlier = (await visitor.get('/state')).header('x-earlier')
      await world.fail('compareAndSet')
      assert.equal((await visitor.post('/set?text1=a')).header('x-earlier'), earlier)
    })

    it('a commit that fails is not tried again by the error page', async ({ world, open }) => {
      const visitor = (await open()).visitor()
      await world.forgetCalls()
      await world.fail('compareAndSet')
      assert.equal((await visitor.post('/set?text1=a')).status, 503)
      assert.deepEqual(await world.calls(), ['compareAndSet'])
    })

    it('a commit whose answer is lost is a 503, and no cookie', async ({ world, open }) => {
      const visitor = (await open()).visitor()
      await world.fail('compareAndSet', { at: 'after', code: 'timeout' })
      const answer = await visitor.post('/set?text1=a')
      assert.deepEqual([answer.status, answer.text], [503, 'error page: timeout'])
      assertLeavesCookie(answer)
    })

    it('a load that fails goes to the error handling, before the handler', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.fail('get')
      await world.forgetCalls()
      const answer = await known.post('/set?text1=lost')
      assert.deepEqual([answer.status, answer.text], [503, 'error page: unavailable'])
      assertLeavesCookie(answer)
      assert.deepEqual(await world.calls(), ['get'])
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })

    it('an update that fails and is not caught has a status', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.fail('compareAndSet')
      const answer = await known.post('/count')
      assert.deepEqual([answer.status, answer.text], [503, 'error page: unavailable'])
    })

    it('a lazy load that fails and is not caught has a status', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.fail('get')
      const answer = await known.get('/loaded-late')
      assert.deepEqual([answer.status, answer.text], [503, 'error page: unavailable'])
      assertLeavesCookie(answer)
    })

    it('a site whose store hangs on a read answers within the deadline', async ({ world, open }) => {
      const site = await open()
      const { cookie } = await site.knownVisitor()
      const hasty = await open({ sessions: { deadline: '50ms' } })
      const gate = await world.hold('*', always)
      const answer = await hasty.visitor(cookie).get('/state')
      assert.deepEqual([answer.status, answer.text], [503, 'error page: timeout'])
      assertLeavesCookie(answer)
      await gate.release()
    })

    it('a site whose store hangs on a write answers within the deadline', async ({ world, open }) => {
      const site = await open({ sessions: { deadline: '50ms' } })
      const gate = await world.hold('*', always)
      const answer = await site.visitor().post('/set?text1=a')
      assert.deepEqual([answer.status, answer.text], [503, 'error page: timeout'])
      assertLeavesCookie(answer)
      await gate.release()
    })

    it('visitors without a session do not notice that the store is down', async ({ world, open }) => {
      const visitor = (await open()).visitor()
      await world.fail('*', always)
      assert.equal((await visitor.get('/state')).status, 200)
      assert.equal((await visitor.get('/free')).text, 'free')
    })

    it('a site whose store is back answers as before', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.fail('*', always)
      assert.equal((await known.get('/state')).status, 503)
      await world.recover()
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
      assert.ok(!sessionLine(await known.post('/set?text1=b')))
    })

    it('the id that a renewal gave out before the commit failed reaches the visitor', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      const gate = await world.meet('renewed')
      const coming = known.begin('/renew?sharp&text1=lost&after=renewed', { method: 'POST' })
      await gate.arrived()
      await world.fail('*', always)
      await gate.release()
      const answer = await coming.done
      assert.equal(answer.status, 503)
      await world.recover()
      known.keep(answer)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })
  },
}
