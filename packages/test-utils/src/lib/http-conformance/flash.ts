import assert from 'node:assert/strict'
import type { Answer } from './answer.ts'
import type { HttpTestGroup } from './http-subject.ts'

interface Message {
  readonly kind: string
  readonly message: string
}
const messagesOf = (answer: Answer) => answer.json<Message[]>()
const saved = { kind: 'success', message: 'saved' }

export const flashTests: HttpTestGroup = {
  name: 'flash',
  declare(it) {
    it('a message outlives a redirect, and is shown once', async ({ open }) => {
      const visitor = (await open()).visitor()
      const answer = await visitor.post('/flash?message=saved')
      assert.deepEqual([answer.status, answer.header('location')], [303, '/messages'])
      assert.deepEqual(messagesOf(await visitor.get('/messages')), [saved])
      assert.deepEqual(messagesOf(await visitor.get('/messages')), [])
    })

    it('messages come in their order, each queue by itself', async ({ open }) => {
      const visitor = (await open()).visitor()
      for (const message of ['a', 'b', 'c']) await visitor.post(`/flash?message=${message}`)
      await visitor.post('/flash?message=other&queue=side')
      const texts = async (path: string) => messagesOf(await visitor.get(path)).map(({ message }) => message)
      assert.deepEqual(await texts('/messages'), ['a', 'b', 'c'])
      assert.deepEqual(await texts('/messages?queue=side'), ['other'])
    })

    it('a look leaves the messages where they are', async ({ open }) => {
      const visitor = (await open()).visitor()
      await visitor.post('/flash?message=saved')
      assert.deepEqual(messagesOf(await visitor.get('/waiting')), [saved])
      assert.deepEqual(messagesOf(await visitor.get('/messages')), [saved])
    })

    it('of two tabs that load at the same moment one shows the message', async ({ world, open }) => {
      const visitor = (await open()).visitor()
      await visitor.post('/flash?message=saved')
      const gate = await world.meet('loaded')
      const tabs = [visitor.begin('/meet-and-take'), visitor.begin('/meet-and-take')]
      await gate.arrived(2)
      await gate.release()
      const shown = await Promise.all(tabs.map(async ({ done }) => messagesOf(await done)))
      assert.deepEqual(
        shown.sort((a, b) => a.length - b.length),
        [[], [saved]],
      )
    })

    it('two requests that flash at the same moment both do', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      const gate = await world.meet('loaded')
      const flashes = ['one', 'two'].map((message) => known.begin(`/flash?message=${message}`, { method: 'POST' }))
      await gate.arrived(2)
      await gate.release()
      for (const { done } of flashes) assert.equal((await done).status, 303)
      const shown = messagesOf(await known.get('/messages')).map(({ message }) => message)
      assert.deepEqual(shown.sort(), ['one', 'two'])
    })

    it('a message that could not be taken out of the store is not shown, and stays', async ({ world, open }) => {
      const visitor = (await open()).visitor()
      await visitor.post('/flash?message=saved')
      await world.fail('compareAndSet')
      assert.equal((await visitor.get('/messages')).status, 503)
      assert.deepEqual(messagesOf(await visitor.get('/messages')), [saved])
    })

    it('messages outlive a renewal and a login, not a logout', async ({ open }) => {
      const visitor = (await open()).visitor()
      await visitor.post('/flash?message=saved')
      await visitor.post('/renew')
      await visitor.post('/login?user=Åsa')
      assert.deepEqual(messagesOf(await visitor.get('/waiting')), [saved])
      await visitor.post('/logout?keep')
      assert.deepEqual(messagesOf(await visitor.get('/messages')), [])
    })

    it('messages are no part of the data', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      await known.post('/flash?message=saved')
      assert.deepEqual((await known.state()).data, { text1: 'kept' })
    })
  },
}
