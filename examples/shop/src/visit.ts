import type { Session, SessionStore } from '@transient/core'
import type { Cart } from './cart.ts'
import type { Theme } from './theme.ts'

/** What the shop remembers of a visitor, beside who logged in, which the session knows by itself. */
export interface Visit {
  cart: Cart
  /** There for five minutes after the password was typed: what the account page asks for. */
  confirmed: true
  /** Stays when the visitor logs out: it says nothing of the user. */
  theme: Theme
}

export type VisitSession = Session<Visit>
export type VisitStore = SessionStore<Visit>

/** How long a password entry counts where more than shopping is asked for. */
const confirmationLasts = '5m'

/** Notes that the visitor has just typed the password. */
export function confirm(session: VisitSession): void {
  session.data.confirmed = true
  session.expireField('confirmed', confirmationLasts)
}
