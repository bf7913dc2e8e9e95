import assert from 'node:assert/strict'
import type { HttpTestGroup } from './http-subject.ts'
import { assertLeavesCookie, sessionLine } from './visitor.ts'

const bytes = (text: string) => [...Buffer.from(text)]
const damaged = bytes('{"text1": "ke')
const later = bytes(`${'0'.repeat(36)}\n{"v":999,"kind":"session"}\n.`)

export const reasonTests: HttpTestGroup = {
  name: 'reasons',
  declare(it) {
    it('a visitor who never had a session is told none', async ({ open }) => {
      assert.equal((await (await open()).visitor().state()).endedBecause, null)
    })

    it('expired: a good signature, and nothing is stored', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.overwrite(null)
      const state = await known.state()
      assert.deepEqual([state.endedBecause, state.data, state.isNew], ['expired', {}, true])
    })

    it('expired: the absolute end has come, at no command', async ({ world, open, assertCalls }) => {
      const known = await (await open({ sessions: { absoluteTimeout: '2h' } })).knownVisitor()
      await world.advance(2 * 3_600_000)
      await world.forgetCalls()
      assert.equal((await known.state()).endedBecause, 'expired')
      await assertCalls()
    })

    it('revoked: ended on another device', async ({ open }) => {
      const site = await open()
      const [here, there] = [site.visitor(), site.visitor()]
      await here.post('/login?user=Åsa')
      await there.post('/login?user=Åsa')
      await here.post('/revoke-others')
      assert.equal((await there.state()).endedBecause, 'revoked')
      assert.equal((await here.state()).userId, 'Åsa')
    })

    it('renewed: the id of before a login', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const { cookie } = known
      await known.post('/login')
      const old = await site.visitor(cookie).state()
      assert.deepEqual([old.endedBecause, old.data, old.userId], ['renewed', {}, null])
    })

    it('logged-out: by the request itself, expired for whoever comes with the old token', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const { cookie } = known
      const answer = await known.post('/destroy')
      assert.equal(answer.json<{ endedBecause: string }>().endedBecause, 'logged-out')
      assert.equal((await site.visitor(cookie).state()).endedBecause, 'expired')
    })

    it('tampered: a token that was changed, or is none', async ({ open }) => {
      const site = await open()
      const { token = '' } = await site.knownVisitor()
      const changed = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
      for (const wrong of [changed, 'planted', token.slice(0, -3)]) {
        const answer = await site.visitor().get('/state', { cookie: `sid=${wrong}` })
        assert.equal(answer.json<{ endedBecause: string }>().endedBecause, 'tampered', wrong)
        assertLeavesCookie(answer)
      }
    })

    it('corrupt: what is stored is damaged; a write replaces it, under the same cookie', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      assert.equal(await world.overwrite(damaged), 1)
      const state = await known.state()
      assert.deepEqual([state.endedBecause, state.data], ['corrupt', {}])
      assert.equal((await known.post('/set?text1=new')).status, 200)
      const healed = await known.state()
      assert.deepEqual([healed.endedBecause, healed.data], [null, { text1: 'new' }])
    })

    it('unreadable: of a later release, refused to writers and left as it is', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      assert.equal(await world.overwrite(later), 1)
      const before = await world.dump()
      const state = await known.state()
      assert.deepEqual([state.endedBecause, state.data], ['unreadable', {}])
      const answer = await known.post('/set?text1=lost')
      assert.deepEqual([answer.status, answer.text], [503, 'error page: session-unreadable'])
      assertLeavesCookie(answer)
      assert.deepEqual(await world.dump(), before)
    })

    it('unreadable: signed by a secret that is not known here; the session stays for those who know it', async ({
      open,
    }) => {
      const home = await open({ sessions: { secrets: 'the secret of this site alone, long enough' } })
      const known = await home.knownVisitor()
      const abroad = (await open()).visitor(known.cookie)
      const answer = await abroad.get('/state')
      assert.equal(answer.json<{ endedBecause: string }>().endedBecause, 'unreadable')
      assert.equal(sessionLine(answer), undefined)
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })
  },
}
