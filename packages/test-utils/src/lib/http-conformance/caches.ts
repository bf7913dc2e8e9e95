import assert from 'node:assert/strict'
import type { Answer } from './answer.ts'
import type { HttpTestGroup } from './http-subject.ts'

export const cacheTests: HttpTestGroup = {
  name: 'caches',
  declare(it) {
    it('are told to keep nothing of what depends on the session, new visitors included', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      const answers = [
        await site.visitor().get('/state'),
        await known.get('/state'),
        await known.get('/unloaded'),
        await known.get('/stream'),
        await known.post('/redirect?text1=a'),
        await site.visitor().post('/redirect?text1=a'),
      ]
      for (const answer of answers) assertPrivate(answer)
    })

    it('are told nothing where nobody asked for the session', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      for (const path of ['/free', '/none']) {
        const answer = await known.get(path)
        assert.ok(!/cookie/i.test(answer.header('vary') ?? ''), `${path}: Vary`)
        assert.ok(!/no-store|private/.test(answer.header('cache-control') ?? ''), `${path}: Cache-Control`)
      }
    })

    it("keep to the application's own rule, and to Vary with Cookie in it", async ({ open }) => {
      const answer = await (await open()).visitor().get('/own-headers')
      assert.equal(answer.header('cache-control'), 'max-age=60')
      assert.deepEqual(varied(answer), ['accept-encoding', 'cookie'])
    })

    it('learn it from error pages, too', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      assertPrivate(await known.post('/set-and-throw?text1=a'))
      await world.fail('*', { times: Number.POSITIVE_INFINITY })
      const answer = await known.get('/state')
      assert.equal(answer.status, 503)
      assertPrivate(answer)
    })

    it('learn it from refused forms, too', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      const answer = await known.post('/form')
      assert.equal(answer.status, 403)
      assertPrivate(answer)
    })
  },
}

function assertPrivate(answer: Answer): void {
  assert.ok(varied(answer).includes('cookie'), `Vary: ${answer.header('vary')}`)
  assert.equal(answer.header('cache-control'), 'private, no-store')
}

function varied(answer: Answer): string[] {
  return (answer.header('vary') ?? '').split(',').map((name) => name.trim().toLowerCase())
}
