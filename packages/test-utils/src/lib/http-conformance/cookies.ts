import assert from 'node:assert/strict'
import type { Answer } from './answer.ts'
import type { HttpTestGroup } from './http-subject.ts'
import { assertClearsCookie, assertLeavesCookie, assertSetsCookie, sessionLine } from './visitor.ts'

export const cookieTests: HttpTestGroup = {
  name: 'cookies',
  declare(it) {
    it('come with the first write, and not again', async ({ open }) => {
      const visitor = (await open()).visitor()
      assertLeavesCookie(await visitor.get('/state'))
      const first = await visitor.post('/set?text1=a')
      assertSetsCookie(first)
      assertLeavesCookie(await visitor.post('/set?text1=b'))
      assertLeavesCookie(await visitor.get('/state'))
      assert.deepEqual((await visitor.state()).data, { text1: 'b' })
    })

    it('are HttpOnly, SameSite=Lax, Path=/ and end with the browser', async ({ open }) => {
      const answer = await (await open()).visitor().post('/set?text1=a')
      const { name, attributes } = parse(answer)
      assert.equal(name, 'sid')
      assert.deepEqual(attributes, ['httponly', 'path=/', 'samesite=lax'])
    })

    it('are by default __Host-sid and Secure, too', async ({ open }) => {
      const answer = await (await open({ options: { cookie: {} } })).visitor().post('/set?text1=a')
      const { name, attributes } = parse(answer)
      assert.equal(name, '__Host-sid')
      assert.deepEqual(attributes, ['httponly', 'path=/', 'samesite=lax', 'secure'])
    })

    it('that last have the absolute end of the session as their Max-Age', async ({ open }) => {
      const site = await open({ options: { cookie: { secure: false, persistent: true } } })
      const { maxAge = 0 } = parse(await site.visitor().post('/set?text1=a'))
      assert.ok(maxAge <= 12 * 3600 && maxAge > 12 * 3600 - 60, `Max-Age=${maxAge}`)
    })

    it('of ids that nobody gave out are not adopted', async ({ world, open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const { cookie, token } = known
      await world.overwrite(null)
      const late = site.visitor(cookie)
      assertLeavesCookie(await late.get('/state'))
      const answer = await late.post('/set?text1=mine')
      assertSetsCookie(answer)
      assert.notEqual(late.token, token)
      assert.deepEqual((await site.visitor(cookie).state()).data, {})
      assert.deepEqual((await late.state()).data, { text1: 'mine' })
    })

    it('that are planted beside ours do not hide it, before or behind', async ({ open }) => {
      const site = await open()
      const { token } = await site.knownVisitor()
      for (const cookie of [`sid=planted; sid=${token}`, `sid=${token}; sid=planted`, `a=b; sid=; sid=${token}; sid`]) {
        const answer = await site.visitor().get('/state', { cookie })
        assert.deepEqual(answer.json<{ data: object }>().data, { text1: 'kept' }, cookie)
        assertLeavesCookie(answer)
      }
    })

    it('of the application stay, beside ours', async ({ open }) => {
      const answer = await (await open()).visitor().post('/set?text1=a')
      assert.deepEqual(new Set(answer.cookies.map((line) => line.split('=')[0])), new Set(['flavour', 'sid']))
      assert.ok(answer.cookies.includes('flavour=vanilla; Path=/'))
    })

    it('go when the session is destroyed, and only then', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const { cookie } = known
      const answer = await known.post('/destroy')
      assertClearsCookie(answer)
      assert.match(sessionLine(answer) as string, /; path=\/(;|$)/i)
      assert.equal(known.token, undefined)
      assert.equal((await site.visitor(cookie).state()).isNew, true)
      assertLeavesCookie(await site.visitor().post('/destroy'))
    })

    it('are replaced when a destroyed session is written to', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const { token } = known
      await known.post('/destroy?text2=fresh')
      assert.ok(known.token)
      assert.notEqual(known.token, token)
      assert.deepEqual((await known.state()).data, { text2: 'fresh' })
    })

    it('of a session that is gone are left alone by those who read', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.overwrite(null)
      assertLeavesCookie(await known.get('/state'))
    })

    it('signed by an old secret are issued anew, and lead to the same session', async ({ open }) => {
      const old = 'the first secret, which is long enough, too'
      const current = 'the second secret, which is long enough, too'
      const known = await (await open({ sessions: { secrets: [old] } })).knownVisitor()
      const site = await open({ sessions: { secrets: [current, old] } })
      const visitor = site.visitor(known.cookie)
      const answer = await visitor.get('/state')
      assert.deepEqual(answer.json<{ data: object }>().data, { text1: 'kept' })
      assertSetsCookie(answer)
      assert.notEqual(visitor.token, known.token)
      assertLeavesCookie(await visitor.get('/state'))
      const later = await open({ sessions: { secrets: [current] } })
      assert.deepEqual((await later.visitor(visitor.cookie).state()).data, { text1: 'kept' })
    })

    it('carry every character that the application stores, by the session', async ({ open }) => {
      const visitor = (await open()).visitor()
      const text = 'ÅÄÖ 東京 🚋 "\\;,\n\u2028'
      await visitor.post(`/set?text1=${encodeURIComponent(text)}`)
      assert.equal((await visitor.state()).data.text1, text)
    })
  },
}

function parse(answer: Answer): { name: string; attributes: string[]; maxAge: number | undefined } {
  const line = sessionLine(answer) ?? ''
  const [pair = '', ...rest] = line.split('; ')
  const attributes = rest.map((part) => part.toLowerCase())
  const maxAge = attributes.find((part) => part.startsWith('max-age='))?.slice('max-age='.length)
  return {
    name: pair.split('=')[0] ?? '',
    attributes: attributes.sort(),
    maxAge: maxAge === undefined ? undefined : Number(maxAge),
  }
}
