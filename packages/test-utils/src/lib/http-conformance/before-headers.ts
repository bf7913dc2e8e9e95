import assert from 'node:assert/strict'
import type { HttpSubject, HttpTestGroup } from './http-subject.ts'
import { openWire } from './wire.ts'

export const beforeHeadersTests: HttpTestGroup = {
  name: 'commit before headers',
  declare(it) {
    const answers: readonly [string, string, string][] = [
      ['a page', 'POST', '/set?text1=a'],
      ['a redirect', 'POST', '/redirect?text1=a'],
      ['a stream', 'POST', '/stream?text1=a'],
      ['a 304', 'GET', '/not-modified?text1=a'],
      ['an answer to HEAD', 'HEAD', '/set-by-get?text1=a'],
      ['the error page of a handler that throws', 'POST', '/set-and-throw?text1=a'],
      ['a page whose handler did not wait for its update', 'POST', '/update-unawaited?text1=a'],
    ]
    for (const [name, method, path] of answers) {
      it(`not one byte of ${name} leaves before the store has acknowledged`, async (subject) => {
        await assertWaits(subject, method, path)
      })
    }

    it('a redirect finds what was written before it', async ({ open }) => {
      const site = await open()
      const visitor = site.visitor()
      const answer = await visitor.post('/redirect?text1=a')
      assert.deepEqual([answer.status, answer.header('location')], [303, '/state'])
      assert.deepEqual((await visitor.state()).data, { text1: 'a' })
    })

    it('a response without a change leaves at once', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      const gate = await world.hold('compareAndSet', { times: Number.POSITIVE_INFINITY })
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
      await gate.release()
    })
  },
}

async function assertWaits({ world, open }: HttpSubject, method: string, path: string): Promise<void> {
  const { origin, visitor, knownVisitor } = await open()
  const { cookie } = await knownVisitor()
  // The write is done by then, and the site does not know it yet.
  const gate = await world.hold('compareAndSet', { at: 'after' })
  const wire = openWire(origin, method, path, cookie)
  try {
    await gate.arrived()
    await barrier(visitor)
    assert.equal(wire.text, '', 'nothing has come yet')
    await gate.release()
    assert.match(await wire.all, /^HTTP\/1\.1 \d{3} /)
    assert.deepEqual((await visitor(cookie).state()).data, { text1: 'a' })
  } finally {
    wire.close()
  }
}

/** What left before has arrived by now: other responses of the same site went out after it, one after the other. */
async function barrier(visitor: (cookie?: string) => { get(path: string): Promise<unknown> }): Promise<void> {
  for (let round = 0; round < 3; round += 1) await visitor().get('/free')
}
