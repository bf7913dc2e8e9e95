import { field } from '../form.ts'
import { accountPage } from '../pages/account.ts'
import { confirmPage } from '../pages/confirm.ts'
import type { Answer, Ask, Route } from '../route.ts'
import { shortestPassword, type User, type Users } from '../users.ts'
import type { ShowView } from '../view.ts'
import { confirm, type VisitStore } from '../visit.ts'

export interface AccountOptions {
  readonly view: ShowView
  readonly users: Users
  readonly sessions: VisitStore
  readonly now: () => number
}

type UserHandler = (ask: Ask, user: User) => Answer | Promise<Answer>

const account = '/account'

export function accountRoutes({ view, users, sessions, now }: AccountOptions): Route[] {
  /** For those who are logged in; others are asked to, and brought back. */
  const forUser =
    (handle: UserHandler) =>
    (ask: Ask): Answer | Promise<Answer> => {
      const user = users.find(ask.session.userId)
      return user === undefined ? { redirect: `/login?next=${account}` } : handle(ask, user)
    }

  /** For those who have typed the password a moment ago: a device that somebody left open is no key to the others. */
  const forConfirmed = (handle: UserHandler) =>
    forUser((ask, user) => (ask.session.data.confirmed === true ? handle(ask, user) : askAgain(ask, user)))

  const askAgain = (ask: Ask, user: User, status = 200, message?: string) =>
    view(ask, { title: 'Is it you?', main: (csrf) => confirmPage({ user, message }, csrf) }, status)

  async function look(ask: Ask, user: User, status = 200, problem?: string) {
    const devices = await sessions.ofUser(user.id, { current: ask.session })
    const shown = { user, devices, now: now(), problem }
    return view(ask, { title: 'Your account', main: (csrf) => accountPage(shown, csrf) }, status)
  }

  async function confirmUser(ask: Ask, user: User) {
    const { session, form } = ask
    if ((await users.check(user.id, field(form, 'password') ?? '')) === undefined)
      return askAgain(ask, user, 422, 'That is not your password.')
    // The visitor gains rights, so whoever knows the old id is left behind.
    await session.renew({ grace: false })
    confirm(session)
    return { redirect: account }
  }

  async function endOne({ session, params }: Ask, user: User) {
    const handle = field(params, 'handle') ?? ''
    if (handle === session.handle) {
      await session.logout({ keep: ['theme'] })
      return { redirect: '/goodbye' }
    }
    const devices = await sessions.ofUser(user.id)
    const device = devices.find((other) => other.handle === handle)
    await sessions.revoke(user.id, { only: handle })
    if (device === undefined) session.flash('That device was logged out already.')
    else session.flash(`Logged out: ${String(device.attributes['device'])}.`, { kind: 'success' })
    return { redirect: account }
  }

  async function endOthers({ session }: Ask, user: User) {
    await sessions.revoke(user.id, { except: session })
    session.flash('You are logged out everywhere else.', { kind: 'success' })
    return { redirect: account }
  }

  async function changePassword(ask: Ask, user: User) {
    const { session, form } = ask
    const next = field(form, 'next') ?? ''
    if (next.length < shortestPassword)
      return look(ask, user, 422, `The new password needs at least ${shortestPassword} characters.`)
    const proof = await users.check(user.id, field(form, 'current') ?? '')
    if (proof === undefined) return look(ask, user, 422, 'The present password is not right.')
    // A new id for who has just proved to be the user; then the new password; then the end of what the old one has opened. A login by the old
    // one that is under way finds out by itself.
    await session.renew({ grace: false })
    if (!(await users.changePassword(proof, next)))
      return look(ask, user, 422, 'The password was changed elsewhere a moment ago.')
    await sessions.revoke(user.id, { except: session })
    confirm(session)
    session.flash('Your password is changed, and you are logged out everywhere else.', { kind: 'success' })
    return { redirect: account }
  }

  return [
    { method: 'GET', path: account, handle: forConfirmed((ask, user) => look(ask, user)) },
    { method: 'POST', path: `${account}/confirm`, handle: forUser(confirmUser) },
    { method: 'POST', path: `${account}/devices/:handle/end`, handle: forConfirmed(endOne) },
    { method: 'POST', path: `${account}/others/end`, handle: forConfirmed(endOthers) },
    { method: 'POST', path: `${account}/password`, handle: forConfirmed(changePassword) },
  ]
}
