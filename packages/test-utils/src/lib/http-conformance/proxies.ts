import assert from 'node:assert/strict'
import type { HttpTestGroup } from './http-subject.ts'
import { sessionLine } from './visitor.ts'

const behindProxy = { options: { cookie: { secure: 'auto' }, trustProxy: true } } as const
const https = { headers: { 'x-forwarded-proto': 'https' } }

export const proxyTests: HttpTestGroup = {
  name: "proxies, with secure: 'auto'",
  declare(it) {
    it('plain http has the plain name', async ({ open }) => {
      const visitor = (await open(behindProxy)).visitor()
      const line = sessionLine(await visitor.post('/set?text1=a')) ?? ''
      assert.match(line, /^sid=/)
      assert.ok(!/; secure/i.test(line), line)
      assert.deepEqual((await visitor.state()).data, { text1: 'a' })
    })

    it('https by a trusted proxy has __Host- and Secure', async ({ open }) => {
      const visitor = (await open(behindProxy)).visitor()
      const line = sessionLine(await visitor.post('/set?text1=a', https)) ?? ''
      assert.match(line, /^__Host-sid=.*; secure(;|$)/i)
      const answer = await visitor.get('/state', https)
      assert.deepEqual(answer.json<{ data: object }>().data, { text1: 'a' })
      assert.equal(sessionLine(answer), undefined)
    })

    it('https never accepts the plain name, at no command', async ({ world, open, assertCalls }) => {
      const site = await open(behindProxy)
      const plain = await site.knownVisitor()
      assert.ok(plain.cookie?.includes(`sid=${plain.token}`) && !plain.cookie.includes('__Host-'))
      await world.forgetCalls()
      const answer = await site.visitor().get('/state', { ...https, cookie: `sid=${plain.token}` })
      assert.equal(answer.json<{ isNew: boolean }>().isNew, true)
      await assertCalls()
    })

    it('a logout over https clears the cookie of https', async ({ open }) => {
      const visitor = (await open(behindProxy)).visitor()
      await visitor.post('/set?text1=a', https)
      const line = sessionLine(await visitor.post('/logout', https)) ?? ''
      assert.match(line, /^__Host-sid=; .*max-age=0/i)
      assert.match(line, /; secure(;|$)/i)
    })

    it('a proxy that is not trusted is not believed', async ({ open }) => {
      const visitor = (await open({ options: { cookie: { secure: 'auto' } } })).visitor()
      const line = sessionLine(await visitor.post('/set?text1=a', https)) ?? ''
      assert.match(line, /^sid=/)
      assert.ok(!/; secure/i.test(line), line)
    })
  },
}
