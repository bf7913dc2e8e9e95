import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { HttpTestGroup } from './http-subject.ts'
import { assertClearsCookie, assertLeavesCookie, assertSetsCookie, type Visitor } from './visitor.ts'

interface Device {
  readonly handle: string
  readonly attributes: { readonly device: string }
  readonly isCurrent: boolean
}
const devicesOf = async (visitor: Visitor) => (await visitor.get('/devices')).json<Device[]>()

export const userTests: HttpTestGroup = {
  name: 'users',
  declare(it) {
    it('a login keeps the data, changes the id and says who it is', async ({ open }) => {
      const known = await (await open()).knownVisitor()
      const { token } = known
      const answer = await known.post('/login?user=Åsa&text2=mine')
      assert.equal(answer.status, 200)
      assertSetsCookie(answer)
      assert.notEqual(known.token, token)
      const state = await known.state()
      assert.deepEqual([state.userId, state.data], ['Åsa', { text1: 'kept', text2: 'mine' }])
    })

    it('a login costs at most five commands, the load included', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.forgetCalls()
      await known.post('/login?user=Åsa')
      const calls = await world.calls()
      assert.ok(calls.length <= 5, calls.join(', '))
    })

    it('a visitor without a session may log in', async ({ open }) => {
      const visitor = (await open()).visitor()
      await visitor.post('/login?user=Åsa')
      assert.equal((await visitor.state()).userId, 'Åsa')
    })

    it('whoever planted the anonymous id gains nothing by the login', async ({ open }) => {
      const site = await open()
      const attacker = await site.knownVisitor()
      const victim = site.visitor(attacker.cookie)
      await victim.post('/login?user=victim')
      for (const path of ['/state', '/loaded-late']) {
        const answer = await attacker.get(path)
        const { userId, data } = answer.json<{ userId: string | null; data: object }>()
        assert.deepEqual([userId, data], [null, {}])
        assertLeavesCookie(answer)
      }
      await attacker.post('/set?text1=planted')
      assert.deepEqual((await victim.state()).data, { text1: 'kept' })
    })

    it('a logout clears the cookie, and the token is worth nothing', async ({ open }) => {
      const site = await open()
      const known = site.visitor()
      await known.post('/login?user=Åsa')
      const { cookie } = known
      assertClearsCookie(await known.post('/logout'))
      const old = await site.visitor(cookie).state()
      assert.deepEqual([old.userId, old.isNew, old.data], [null, true, {}])
    })

    it('a logout keeps what the application says, in a session of its own', async ({ open }) => {
      const site = await open()
      const known = await site.knownVisitor()
      await known.post('/login?user=Åsa&text2=secret')
      const { cookie, token } = known
      await known.post('/logout?keep')
      assert.ok(known.token)
      assert.notEqual(known.token, token)
      const state = await known.state()
      assert.deepEqual([state.userId, state.data], [null, { text1: 'kept' }])
      assert.equal((await site.visitor(cookie).state()).isNew, true)
    })

    it('a logout of a session that is gone is no error', async ({ world, open }) => {
      const known = await (await open()).knownVisitor()
      await world.overwrite(null)
      assert.equal((await known.post('/logout')).text, 'goodbye')
    })

    it('a logout of a visitor without a session is no command, and no cookie', async ({ world, open, assertCalls }) => {
      const visitor = (await open()).visitor()
      await world.forgetCalls()
      assertLeavesCookie(await visitor.post('/logout'))
      await assertCalls()
    })

    it('the devices of a user are listed, and one is the one that asks', async ({ open }) => {
      const site = await open()
      const [phone, laptop, stranger] = [site.visitor(), site.visitor(), site.visitor()]
      await phone.post('/login?user=Åsa&device=phone')
      await laptop.post('/login?user=Åsa&device=laptop')
      await stranger.post('/login?user=Örjan&device=tablet')
      const seen = await devicesOf(laptop)
      const current = seen.map(({ attributes, isCurrent }) => `${attributes.device} ${isCurrent}`).sort()
      assert.deepEqual(current, ['laptop true', 'phone false'])
      await laptop.post('/renew')
      const again = await devicesOf(laptop)
      assert.deepEqual(again.map(({ handle }) => handle).sort(), seen.map(({ handle }) => handle).sort())
    })

    it('a device that logs out is listed no more', async ({ open }) => {
      const site = await open()
      const [phone, laptop] = [site.visitor(), site.visitor()]
      await phone.post('/login?user=Åsa&device=phone')
      await laptop.post('/login?user=Åsa&device=laptop')
      await phone.post('/logout')
      assert.deepEqual(
        (await devicesOf(laptop)).map(({ attributes }) => attributes.device),
        ['laptop'],
      )
    })

    it('log out everywhere else ends the others, at once, and leaves this one and other users', async ({ open }) => {
      const site = await open()
      const [phone, tablet, laptop, stranger] = [site.visitor(), site.visitor(), site.visitor(), site.visitor()]
      for (const visitor of [phone, tablet, laptop]) await visitor.post('/login?user=Åsa')
      await stranger.post('/login?user=Örjan')
      await phone.post('/renew')
      assert.equal((await laptop.post('/revoke-others')).text, 'revoked')
      for (const visitor of [phone, tablet]) {
        const state = await visitor.state()
        assert.deepEqual([state.userId, state.endedBecause], [null, 'revoked'])
      }
      assert.equal((await laptop.state()).userId, 'Åsa')
      assert.equal((await stranger.state()).userId, 'Örjan')
      assert.equal((await devicesOf(laptop)).length, 1)
    })

    it('a login beyond the most that a user may have ends the one that was seen least recently', async ({ open }) => {
      const site = await open({ sessions: { maxSessionsPerUser: 2 } })
      const visitors = [site.visitor(), site.visitor(), site.visitor()] as const
      for (const visitor of visitors) {
        await visitor.post('/login?user=Åsa')
        // When a session was seen is told by what is left of its key, and the clock of a server cannot be moved.
        await wait(20)
      }
      const users = await Promise.all(visitors.map(async (visitor) => (await visitor.state()).userId))
      assert.deepEqual(users, [null, 'Åsa', 'Åsa'])
    })
  },
}
