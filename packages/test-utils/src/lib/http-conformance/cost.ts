import assert from 'node:assert/strict'
import type { HttpTestGroup } from './http-subject.ts'
import { assertLeavesCookie } from './visitor.ts'

/** A text that looks like a token, and is signed by nobody. */
const forged = `1.AAAAAAAA.1e8.m8vv1c00.${'A'.repeat(43)}.${'A'.repeat(43)}`

export const costTests: HttpTestGroup = {
  name: 'cost',
  declare(it) {
    it('a visitor without a cookie who reads is no command', async ({ world, open, assertCalls }) => {
      const visitor = (await open()).visitor()
      await world.forgetCalls()
      const answer = await visitor.get('/state')
      assert.equal(answer.json<{ isNew: boolean }>().isNew, true)
      assertLeavesCookie(answer)
      await assertCalls()
    })

    const worthless: readonly [string, string][] = [
      ['an empty cookie', 'sid='],
      ['a forged cookie', `sid=${forged}`],
      ['a cookie of 10 KB', `sid=${'A'.repeat(10_000)}`],
      ['a cookie of odd characters', 'sid="%00%zz\\"'],
      ['a cookie of another name that ends like ours', `xsid=${forged}`],
      ['a hundred forged cookies', Array.from({ length: 100 }, (_, at) => `sid=${at}${forged}`).join('; ')],
      ['a Cookie header that is no list of pairs', ';;=;sid;=sid;,'],
    ]
    for (const [name, cookie] of worthless) {
      it(`a visitor with ${name} is a new one, and no command`, async ({ world, open, assertCalls }) => {
        const { visitor } = await open()
        await world.forgetCalls()
        const answer = await visitor().get('/state', { cookie })
        assert.equal(answer.status, 200)
        assert.equal(answer.json<{ isNew: boolean }>().isNew, true)
        assertLeavesCookie(answer)
        await assertCalls()
      })
    }

    it('a token cut short, prolonged or changed anywhere is no command', async ({ world, open, assertCalls }) => {
      const site = await open()
      const { token = '' } = await site.knownVisitor()
      await world.forgetCalls()
      // All of a token is signed: a change of each part is tried.
      const starts = [...token.matchAll(/[^.]+/g)].map((part) => part.index)
      const changed = starts.map((at) => token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1))
      for (const wrong of [...changed, token.slice(0, -1), `${token}A`, token.slice(0, 40), `${token}.${token}`]) {
        const answer = await site.visitor().get('/state', { cookie: `sid=${wrong}` })
        assert.equal(answer.json<{ isNew: boolean }>().isNew, true, wrong)
        assertLeavesCookie(answer)
      }
      await assertCalls()
    })

    it('a token of another site is no command', async ({ world, open, assertCalls }) => {
      const foreign = await open({ sessions: { secrets: 'the secret of another site, also long enough' } })
      const { cookie } = await foreign.knownVisitor()
      const { visitor } = await open()
      await world.forgetCalls()
      const state = await visitor(cookie).state()
      assert.deepEqual([state.isNew, state.data], [true, {}])
      await assertCalls()
    })

    it('a read is one command', async ({ world, open, assertCalls }) => {
      const known = await (await open()).knownVisitor()
      await world.forgetCalls()
      const answer = await known.get('/state')
      assert.deepEqual(answer.json<{ data: object }>().data, { text1: 'kept' })
      assertLeavesCookie(answer)
      await assertCalls('get')
    })

    // What a connection learns with its first write, a script for instance, is not counted.
    it('a write is one command more', async ({ world, open, assertCalls }) => {
      const known = await (await open()).knownVisitor()
      await known.post('/set?text1=old')
      await world.forgetCalls()
      await known.post('/set?text1=new&text2=also')
      await assertCalls('get', 'compareAndSet')
    })

    it('the first write of a visitor is one command', async ({ world, open, assertCalls }) => {
      const visitor = (await open()).visitor()
      await world.forgetCalls()
      await visitor.post('/set?text1=first')
      await assertCalls('compareAndSet')
    })

    it('an update is one command more than a read', async ({ world, open, assertCalls }) => {
      const known = await (await open()).knownVisitor()
      assert.equal((await known.post('/count')).text, '1')
      await world.forgetCalls()
      assert.equal((await known.post('/count')).text, '2')
      await assertCalls('get', 'compareAndSet')
    })

    it('a field set to what it was is a read', async ({ world, open, assertCalls }) => {
      const known = await (await open()).knownVisitor()
      await world.forgetCalls()
      await known.post('/set?text1=kept')
      await assertCalls('get')
    })

    it('a route that never opens a session is no command, whatever the cookie', async ({
      world,
      open,
      assertCalls,
    }) => {
      const known = await (await open()).knownVisitor()
      await world.forgetCalls()
      assert.equal((await known.get('/none')).text, 'none')
      await assertCalls()
    })

    it('a lazy route that does not load is no command', async ({ world, open, assertCalls }) => {
      const known = await (await open()).knownVisitor()
      await world.forgetCalls()
      assert.equal((await known.get('/unloaded')).text, 'loaded: false')
      await assertCalls()
    })

    it('a lazy route that loads is one command', async ({ world, open, assertCalls }) => {
      const known = await (await open()).knownVisitor()
      await world.forgetCalls()
      const { data } = (await known.get('/loaded-late')).json<{ data: object }>()
      assert.deepEqual(data, { text1: 'kept' })
      await assertCalls('get')
    })

    it('a path that nobody knows writes nothing', async ({ world, open }) => {
      const site = await open()
      await world.forgetCalls()
      assert.equal((await site.visitor().get('/nowhere')).status, 404)
      assert.deepEqual(await world.calls(), [])
    })

    it('messages of an empty queue are no command more', async ({ world, open, assertCalls }) => {
      const known = await (await open()).knownVisitor()
      await world.forgetCalls()
      assert.equal((await known.get('/messages')).text, '[]')
      await assertCalls('get')
    })

    it('a logout that does not load is at most two commands', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.forgetCalls()
      await known.post('/logout')
      const { length } = await world.calls()
      assert.ok(length >= 1 && length <= 2, `${length} calls`)
    })

    it('nothing that a cookie carries can be found in the store', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      const stored = (await world.dump()).join('\n')
      assert.ok(stored.length > 0)
      for (const part of (known.token as string).split('.').filter(({ length }) => length > 20))
        assert.ok(!stored.includes(part), 'a dump of the store opens nobody’s session')
    })
  },
}
