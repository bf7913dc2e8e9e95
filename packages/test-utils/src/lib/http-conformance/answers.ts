import assert from 'node:assert/strict'
import type { HttpTestGroup } from './http-subject.ts'
import { assertLeavesCookie, assertSetsCookie } from './visitor.ts'

export const answerTests: HttpTestGroup = {
  name: 'answers',
  declare(it) {
    it('several fields are one write', async ({ world, open }) => {
      const visitor = (await open()).visitor()
      await visitor.post('/set?text1=a&text2=b&text3=c')
      assert.deepEqual((await visitor.state()).data, { text1: 'a', text2: 'b', text3: 'c' })
      assert.deepEqual(await world.calls(), ['compareAndSet', 'get'])
    })

    it('a change inside a field is noticed', async ({ open }) => {
      const visitor = (await open()).visitor()
      for (const item of ['apple', 'pear', 'plum']) await visitor.post(`/push?item=${item}`)
      assert.deepEqual((await visitor.state()).data, { list: ['apple', 'pear', 'plum'] })
    })

    it('a stream that reads the session arrives whole', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      const answer = await known.get('/stream')
      assert.deepEqual([answer.status, answer.text], [200, 'one two kept'])
      assertLeavesCookie(answer)
    })

    it('a stream that writes the session arrives whole, with the cookie', async ({ open }) => {
      const visitor = (await open()).visitor()
      const answer = await visitor.post('/stream?text1=a')
      assert.deepEqual([answer.status, answer.text], [200, 'one two three'])
      assertSetsCookie(answer)
      assert.deepEqual((await visitor.state()).data, { text1: 'a' })
    })

    it('a stream keeps streaming: a piece arrives before the next is made', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      const gate = await world.meet('late')
      const coming = known.begin('/late', { method: 'POST' })
      await coming.received('first ')
      await gate.arrived()
      await gate.release()
      assert.match((await coming.done).text, /^first ./)
    })

    it('a write after the headers left is session-sealed, and stores nothing', async ({ world, open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      for (const visitor of [known, site.visitor()]) {
        const gate = await world.meet('late')
        const coming = visitor.begin('/late?text1=late', { method: 'POST' })
        await coming.received('first ')
        await gate.arrived()
        await gate.release()
        const answer = await coming.done
        assert.match(answer.text, /^first session-sealed: .{10}/)
        assertLeavesCookie(answer)
      }
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })

    it('a 304 stores the session and gives the cookie, and has no body', async ({ open }) => {
      const visitor = (await open()).visitor()
      const answer = await visitor.get('/not-modified?text1=a')
      assert.deepEqual([answer.status, answer.text, answer.header('etag')], [304, '', '"1"'])
      assertSetsCookie(answer)
      assert.deepEqual((await visitor.state()).data, { text1: 'a' })
    })

    it('HEAD has the headers of GET, and no body', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const head = await known.get('/state', { method: 'HEAD' })
      assert.deepEqual([head.status, head.text], [200, ''])
      assert.equal(head.header('cache-control'), 'private, no-store')
      assertLeavesCookie(head)
      const visitor = site.visitor()
      const writing = await visitor.get('/set-by-get?text1=a', { method: 'HEAD' })
      assert.deepEqual([writing.status, writing.text], [200, ''])
      assertSetsCookie(writing)
      assert.deepEqual((await visitor.state()).data, { text1: 'a' })
    })

    it('what a handler wrote before it threw is stored, and the error page brings the cookie', async ({ open }) => {
      const visitor = (await open()).visitor()
      const answer = await visitor.post('/set-and-throw?text1=a')
      assert.deepEqual([answer.status, answer.text], [500, 'error page: the handler throws'])
      assert.equal(answer.header('x-error-page'), 'yes')
      assertSetsCookie(answer)
      assert.deepEqual((await visitor.state()).data, { text1: 'a' })
    })

    it('a lazy session that a handler loads is committed like any other', async ({ open }) => {
      const visitor = (await open()).visitor()
      assertSetsCookie(await visitor.post('/set-late-load?text1=a'))
      assertLeavesCookie(await visitor.post('/set-late-load?text2=b'))
      assert.deepEqual((await visitor.state()).data, { text1: 'a', text2: 'b' })
    })

    it('a route without a session says so when it is asked for one', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      const answer = await known.get('/none?ask')
      assert.match(answer.text, /^refused: .*session/)
      assertLeavesCookie(answer)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })
  },
}
