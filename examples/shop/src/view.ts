import type { SessionEnd } from '@transient/core'
import { countOf, linesOf } from './cart.ts'
import { type Html, html } from './html.ts'
import { layout } from './pages/layout.ts'
import type { Ask, PageAnswer } from './route.ts'
import type { Users } from './users.ts'
import type { VisitSession } from './visit.ts'

export interface View {
  readonly title: string
  /** What is in the page; a function, if it has forms, of what each form must hold. */
  readonly main: Html | ((csrf: Html) => Html)
  /** The page has a form that only counts with a token, so that a visitor without a session gets one. */
  readonly needsToken?: boolean
  /** The page itself says why the session has ended. */
  readonly isAboutEnd?: boolean
}

/** Makes the answer with a page in the shop's frame, for the visitor who asks. */
export type ShowView = (ask: Ask, view: View, status?: number) => Promise<PageAnswer>

/** The name that the frameworks' `verifyCsrf` look for. */
const tokenField = '_csrf'

export function viewOf(users: Users): ShowView {
  return async ({ session, path, isHead }, { title, main, needsToken, isAboutEnd }, status = 200) => {
    const ended = endedWords(session.endedBecause)
    const isBlind = session.readFailure !== undefined
    // Why a session has ended is told once: the token is also what begins a new one in its place.
    const wantsToken = !isBlind && !isHead && (!session.isNew || needsToken === true || ended !== undefined)
    const csrf = wantsToken ? html`<input type="hidden" name="${tokenField}" value="${session.csrfToken()}">` : html``
    const messages = isBlind ? [] : isHead ? session.peekFlash() : await session.takeFlash()
    return {
      status,
      page: layout({
        title,
        main: typeof main === 'function' ? main(csrf) : main,
        path,
        visitor: isBlind ? undefined : visitorOf(session, users),
        theme: session.data.theme,
        csrf,
        notes: [
          ...messages,
          ...(ended !== undefined && isAboutEnd !== true
            ? [{ kind: 'warning', title: ended.title, message: ended.text, isEnd: true }]
            : []),
        ],
        isBlind,
      }),
    }
  }
}

function visitorOf({ userId, data }: VisitSession, users: Users) {
  return { name: users.find(userId)?.name, itemsInCart: countOf(linesOf(data.cart)) }
}

export interface EndWords {
  readonly title: string
  readonly text: string
}

const words: Partial<Record<SessionEnd, EndWords>> = {
  revoked: {
    title: 'You were logged out here.',
    text: 'It was done from another device, or the password was changed. If that was not you, log in and change your password.',
  },
  expired: {
    title: 'You were away for a while.',
    text: 'So your visit has ended: you are not logged in, and what was in the cart is back on the shelf.',
  },
  corrupt: {
    title: 'We have lost your cart.',
    text: 'What we had noted of your visit cannot be read any more. We are sorry; please begin anew.',
  },
}

/** Why a visitor has no session any more, where that is worth telling. */
export function endedWords(reason: SessionEnd | undefined): EndWords | undefined {
  return reason === undefined ? undefined : words[reason]
}

/** Where a new session is about to begin by what the visitor did, the next page says why the one before has ended. */
export function tellEnd(session: VisitSession): void {
  const ended = endedWords(session.endedBecause)
  if (ended !== undefined) session.flash(`${ended.title} ${ended.text}`, { kind: 'warning' })
}
