import { isTransientError } from '@transient/core'
import { parseQuantity } from './cart.ts'
import { findProduct } from './catalogue.ts'
import { field } from './form.ts'
import { layout } from './pages/layout.ts'
import {
  endedPage,
  foreignPage,
  foreignWords,
  problemPage,
  problemWords,
  type Retry,
  refusedPage,
} from './pages/problem.ts'
import type { Ask, PageAnswer, Route } from './route.ts'
import { accountRoutes } from './routes/account.ts'
import { cartRoutes } from './routes/cart.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { loginRoutes } from './routes/login.ts'
import { themeRoutes } from './routes/theme.ts'
import type { Users } from './users.ts'
import { endedWords, viewOf } from './view.ts'
import type { VisitStore } from './visit.ts'

export interface ShopOptions {
  readonly sessions: VisitStore
  readonly users: Users
  /** Whether visitors come by https, through a proxy that says so, and where they come from. */
  readonly secure: boolean
  /** Hears of every answer with status 500 and above. */
  readonly report: (error: unknown) => void
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/** The whole shop, without a framework: what answers where, and what is said if that fails. */
export interface Shop extends ShopOptions {
  readonly routes: readonly Route[]
  /** Says what went wrong, in the visitor's own frame where the session can be had. Never rejects. */
  problem(error: unknown, ask: () => Ask | Promise<Ask>): Promise<PageAnswer>
}

/** Of every answer, whatever it is. */
export const safetyHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
} as const

export const styleHeaders = {
  'Content-Type': 'text/css; charset=utf-8',
  'Cache-Control': 'public, max-age=300',
} as const

/** While the storage cannot be read, the pots can still be looked at; whatever else is asked for has to wait. */
export function storeDown(url: string): 'anonymous' | 'throw' {
  return /^\/(?:products\/[^/?]*)?(?:\?|$)/.test(url) ? 'anonymous' : 'throw'
}

export function createShop(options: ShopOptions): Shop {
  const { sessions, users, report, now = Date.now } = options
  const view = viewOf(users)

  async function problem(error: unknown, ask: () => Ask | Promise<Ask>): Promise<PageAnswer> {
    const status = statusOf(error)
    if (status !== 403 && status !== 404) return impersonal(error)
    try {
      const asked = await ask()
      if (status === 403) return await refused(error, asked)
      return await view(asked, { title: problemWords(404).title, main: problemPage(404) }, 404)
    } catch (failure) {
      return impersonal(failure)
    }
  }

  /** A page without the visitor's head, because the session may be the very thing that is missing. */
  function impersonal(error: unknown): PageAnswer {
    const status = statusOf(error)
    if (status >= 500) report(error)
    const page = layout({ title: problemWords(status).title, main: problemPage(status) })
    return status === 503 ? { status, page, retryAfter: 5 } : { status, page }
  }

  /** A form without the visitor's token: of another site, of a page from before the login, or of a session that has ended since. */
  function refused(error: unknown, ask: Ask): Promise<PageAnswer> {
    const { problem } = error as { problem?: string }
    // No token here: a new session in answer to another site's form would take the place of the visitor's own.
    if (problem !== 'no-token' && problem !== 'wrong-token')
      return view(ask, { title: foreignWords.title, main: foreignPage() }, 403)
    const ended = endedWords(ask.session.endedBecause)
    if (ended !== undefined) return view(ask, { title: ended.title, main: endedPage(ended), isAboutEnd: true }, 403)
    const { title } = problemWords(403)
    return view(ask, { title, main: (csrf) => refusedPage(retryOf(ask), csrf), needsToken: true }, 403)
  }

  return {
    ...options,
    routes: [
      ...catalogueRoutes(view),
      ...cartRoutes(view),
      ...loginRoutes(view, users),
      ...accountRoutes({ view, users, sessions, now }),
      ...themeRoutes(),
    ],
    problem,
  }
}

/** What may be offered to be sent again: only what everybody may do. */
function retryOf({ path, form }: Ask): Retry | undefined {
  const product = path === '/cart' ? findProduct(field(form, 'product') ?? '') : undefined
  const quantity = parseQuantity(field(form, 'quantity'))
  return product === undefined || quantity === undefined ? undefined : { product, quantity }
}

function statusOf(error: unknown): number {
  // By either name: frameworks differ.
  const { status, statusCode = status } = error as { status?: unknown; statusCode?: unknown }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode <= 599) return statusCode
  // Of the storage itself, not of a session in it.
  return isTransientError(error) ? 503 : 500
}
