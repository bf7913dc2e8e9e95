import assert from 'node:assert/strict'
import type { Answer, Ask } from './answer.ts'
import type { HttpSubject, HttpTestGroup, Site } from './http-subject.ts'
import { sessionLine, type Visitor } from './visitor.ts'

interface Desk {
  readonly site: Site
  readonly visitor: Visitor
  readonly token: string
}

/** A visitor who has a form in front of them. */
async function fetchForm({ open }: HttpSubject): Promise<Desk> {
  const site = await open({ trustedOrigins: ['https://partner.example'] })
  const visitor = site.visitor()
  const answer = await visitor.get('/form')
  assert.equal(answer.status, 200, answer.text)
  assert.ok(answer.text.length >= 20, 'a token')
  return { site, visitor, token: answer.text }
}

function assertRefused(answer: Answer): void {
  assert.equal(answer.status, 403, `answered: ${answer.text.slice(0, 200)}`)
  assert.equal(answer.header('x-error-page'), undefined, 'a refused form is no error of the site')
}

function changedAt(token: string, at: number): string {
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

const inHeader = (token: string, headers: Record<string, string> = {}): Ask => ({
  headers: { 'x-csrf-token': token, ...headers },
})

export const formTests: HttpTestGroup = {
  name: 'forms (CSRF)',
  declare(it) {
    it('a new visitor gets a session with the first token', async (subject) => {
      const { visitor } = await fetchForm(subject)
      assert.ok(visitor.token)
    })

    it('a token is another text each time, and all are good', async (subject) => {
      const { visitor, token } = await fetchForm(subject)
      const second = (await visitor.get('/form')).text
      assert.notEqual(second, token)
      assert.equal((await visitor.post('/form', inHeader(token))).text, 'posted 1')
      assert.equal((await visitor.post('/form', inHeader(second))).text, 'posted 2')
    })

    it('the token counts in the header', async (subject) => {
      const { visitor, token } = await fetchForm(subject)
      assert.equal((await visitor.post('/form', inHeader(token))).text, 'posted 1')
    })

    it('the token counts in the form field', async (subject) => {
      const { visitor, token } = await fetchForm(subject)
      assert.equal((await visitor.post('/form', { form: { name: 'ÅÄÖ', _csrf: token } })).text, 'posted 1')
    })

    it('the token never counts in the query', async (subject) => {
      const { visitor, token } = await fetchForm(subject)
      for (const name of ['_csrf', 'x-csrf-token', 'csrf'])
        assertRefused(await visitor.post(`/form?${name}=${encodeURIComponent(token)}`))
    })

    it('without a token a form is refused, and its handler does not run', async (subject) => {
      const { visitor, token } = await fetchForm(subject)
      assertRefused(await visitor.post('/form'))
      assertRefused(await visitor.post('/form', { form: { name: 'ÅÄÖ' } }))
      assert.equal((await visitor.post('/form', inHeader(token))).text, 'posted 1')
    })

    it('a visitor without a session is refused at no command', async ({ world, open, assertCalls }) => {
      const { visitor } = await open()
      await world.forgetCalls()
      const answer = await visitor().post('/form', { form: { _csrf: 'A'.repeat(64) } })
      assertRefused(answer)
      assert.equal(sessionLine(answer), undefined)
      await assertCalls()
    })

    it('a wrong token in the header is not rescued by a right one in the field', async (subject) => {
      const { visitor, token } = await fetchForm(subject)
      const headers = { 'x-csrf-token': changedAt(token, 30) }
      assertRefused(await visitor.post('/form', { headers, form: { _csrf: token } }))
    })

    it('a token changed anywhere, cut short or prolonged is refused', async (subject) => {
      const { visitor, token } = await fetchForm(subject)
      const changed = [0, Math.floor(token.length / 2), token.length - 2].map((at) => changedAt(token, at))
      // Bits that base64url does not use would make another text of the same bytes.
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      changed.push(token.slice(0, -1) + alphabet[alphabet.indexOf(token.slice(-1)) ^ 1])
      for (const wrong of [...changed, token.slice(0, -1), `${token}A`, `${token}${token}`])
        assertRefused(await visitor.post('/form', { form: { _csrf: wrong } }))
    })

    it("another visitor's token is refused", async (subject) => {
      const { site, token } = await fetchForm(subject)
      const other = await site.knownVisitor()
      assertRefused(await other.post('/form', inHeader(token)))
    })

    it('a token dies with the id of its session: by a login, a renewal, a logout', async (subject) => {
      for (const path of ['/login?user=Åsa', '/renew?sharp', '/logout']) {
        const { visitor, token } = await fetchForm(subject)
        await visitor.post(path)
        assertRefused(await visitor.post('/form', inHeader(token)))
        const fresh = (await visitor.get('/form')).text
        assert.equal((await visitor.post('/form', inHeader(fresh))).text, 'posted 1', path)
      }
    })

    it('safe methods pass without a token', async ({ open }) => {
      const { visitor } = await open()
      assert.equal((await visitor().get('/guarded')).text, 'guarded')
      assert.equal((await visitor().get('/guarded', { method: 'HEAD' })).status, 200)
    })

    it('safe methods pass from everywhere', async ({ open }) => {
      const { visitor } = await open()
      const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
      assert.equal((await visitor().get('/guarded', { headers })).text, 'guarded')
    })

    it('a route that opted out passes without a token', async ({ open }) => {
      assert.equal((await (await open()).visitor().post('/open-form')).text, 'open')
    })

    it('our own Origin passes, with a token', async (subject) => {
      const { site, visitor, token } = await fetchForm(subject)
      assert.equal((await visitor.post('/form', inHeader(token, { origin: site.origin }))).text, 'posted 1')
      assertRefused(await visitor.post('/form', { headers: { origin: site.origin } }))
    })

    it('an Origin that is trusted passes, with a token', async (subject) => {
      const { visitor, token } = await fetchForm(subject)
      const headers = { origin: 'https://partner.example', 'sec-fetch-site': 'cross-site' }
      assert.equal((await visitor.post('/form', inHeader(token, headers))).text, 'posted 1')
      assertRefused(await visitor.post('/form', { headers }))
    })

    const foreign: readonly [string, (origin: string) => string][] = [
      ['of another site', () => 'https://evil.example'],
      ['that is null', () => 'null'],
      ['of another port', (origin) => origin.replace(/\d+$/, '1')],
      ['that begins like ours', (origin) => `${origin}.evil.example`],
      ['that begins like a trusted one', () => 'https://partner.example.evil.example'],
      ['that ends like a trusted one', () => 'https://evil-partner.example'],
      ['that is no origin', () => 'partner.example'],
    ]
    for (const [name, originOf] of foreign) {
      it(`an Origin ${name} is refused, even with a token`, async (subject) => {
        const { site, visitor, token } = await fetchForm(subject)
        assertRefused(await visitor.post('/form', inHeader(token, { origin: originOf(site.origin) })))
        assert.equal((await visitor.post('/form', inHeader(token))).text, 'posted 1')
      })
    }

    it('an Origin of http is refused where the request came by https', async ({ open }) => {
      const { origin, visitor } = await open({ options: { cookie: { secure: 'auto' }, trustProxy: true } })
      const person = visitor()
      const https = { 'x-forwarded-proto': 'https' }
      const token = (await person.get('/form', { headers: https })).text
      assertRefused(await person.post('/form', inHeader(token, { ...https, origin })))
      const own = inHeader(token, { ...https, origin: origin.replace('http:', 'https:') })
      assert.equal((await person.post('/form', own)).text, 'posted 1')
    })

    for (const fetchSite of ['cross-site', 'same-site']) {
      it(`Sec-Fetch-Site: ${fetchSite} is refused, even with a token`, async (subject) => {
        const { visitor, token } = await fetchForm(subject)
        assertRefused(await visitor.post('/form', inHeader(token, { 'sec-fetch-site': fetchSite })))
      })
    }

    for (const fetchSite of ['same-origin', 'none']) {
      it(`Sec-Fetch-Site: ${fetchSite} passes with a token, and not without`, async (subject) => {
        const { visitor, token } = await fetchForm(subject)
        assertRefused(await visitor.post('/form', { headers: { 'sec-fetch-site': fetchSite } }))
        assert.equal((await visitor.post('/form', inHeader(token, { 'sec-fetch-site': fetchSite }))).text, 'posted 1')
      })
    }

    it('who is refused gets a page that a person can read', async (subject) => {
      const { visitor } = await fetchForm(subject)
      const answer = await visitor.post('/form', {
        headers: { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' },
      })
      assertRefused(answer)
      assert.match(answer.header('content-type') ?? '', /^text\/html/)
      assert.match(answer.text, /<html lang="/)
      assert.match(answer.text, /<title>[^<]+<\/title>/)
    })

    it('who is refused and wants JSON gets JSON', async (subject) => {
      const { visitor } = await fetchForm(subject)
      const answer = await visitor.post('/form', { headers: { accept: 'application/json' } })
      assertRefused(answer)
      assert.match(answer.header('content-type') ?? '', /^application\/(problem\+)?json/)
      answer.json()
    })
  },
}
