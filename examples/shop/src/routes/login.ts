import type { SessionLifetime } from '@transient/core'
import { deviceOf } from '../device.ts'
import { field, localPath } from '../form.ts'
import { goodbyePage } from '../pages/goodbye.ts'
import { loginPage } from '../pages/login.ts'
import type { Ask, Route } from '../route.ts'
import type { Users } from '../users.ts'
import type { ShowView } from '../view.ts'
import { confirm } from '../visit.ts'

const usualLifetime: SessionLifetime = { idleTimeout: '2h', absoluteTimeout: '7d', persistent: false }
/** For a year, if it is used once a month. */
const rememberedLifetime: SessionLifetime = { idleTimeout: '31d', absoluteTimeout: '365d', persistent: true }

export function loginRoutes(view: ShowView, users: Users): Route[] {
  const form = (ask: Ask) =>
    view(ask, {
      title: 'Log in',
      main: (csrf) =>
        loginPage({ user: users.find(ask.session.userId), next: localPath(field(ask.query, 'next')) }, csrf),
      needsToken: true,
    })

  const again = (ask: Ask, name: string) =>
    view(
      ask,
      {
        title: 'Log in',
        main: (csrf) => {
          const isRemembered = field(ask.form, 'remember') !== undefined
          return loginPage({ next: localPath(field(ask.form, 'next')), failed: { name, isRemembered } }, csrf)
        },
        needsToken: true,
      },
      422,
    )

  async function logIn(ask: Ask) {
    const { session, form: fields, userAgent, address } = ask
    const name = field(fields, 'name') ?? ''
    const proof = await users.check(name.trim().toLowerCase(), field(fields, 'password') ?? '')
    if (proof === undefined) return again(ask, name)
    const lifetime = field(fields, 'remember') === undefined ? usualLifetime : rememberedLifetime
    await session.login(proof.id, { device: deviceOf(userAgent), address }, { lifetime })
    // A password that was changed while we looked at it lets nobody in: from here on a change ends this session, too.
    if (!(await users.isCurrent(proof))) {
      await session.logout({ keep: ['theme'] })
      return again(ask, name)
    }
    confirm(session)
    session.flash(`Welcome, ${proof.name}.`, { kind: 'success' })
    return { redirect: localPath(field(fields, 'next')) ?? (session.data.cart === undefined ? '/' : '/cart') }
  }

  async function logOut({ session }: Ask) {
    await session.logout({ keep: ['theme'] })
    return { redirect: '/goodbye' }
  }

  return [
    { method: 'GET', path: '/login', handle: form },
    { method: 'POST', path: '/login', handle: logIn },
    { method: 'POST', path: '/logout', handle: logOut },
    {
      method: 'GET',
      path: '/goodbye',
      handle: (ask) => view(ask, { title: 'You are logged out', main: goodbyePage() }),
    },
  ]
}
