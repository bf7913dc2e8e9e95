import type { Fields } from './form.ts'
import type { VisitSession } from './visit.ts'

/** What a request is to the shop, whichever framework brought it. */
export interface Ask {
  readonly session: VisitSession
  /** Only the headers of the answer are wanted, so that nobody reads it. */
  readonly isHead: boolean
  /** Without the query. */
  readonly path: string
  readonly params: Fields
  readonly query: Fields
  /** Empty if there was none. */
  readonly form: Fields
  readonly userAgent: string | undefined
  /** The visitor's network address. */
  readonly address: string | undefined
}

/** What the shop answers. A redirect is always one from a form to a page: 303. */
export type Answer = PageAnswer | { readonly redirect: string }

export interface PageAnswer {
  readonly status: number
  readonly page: string
  /** In seconds, where only waiting helps. */
  readonly retryAfter?: number
}

export type Handler = (ask: Ask) => Answer | Promise<Answer>

/** A path as all three frameworks write it, and who answers there. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly handle: Handler
  /** A form that visitors without a session have, too: while there is nothing to protect, no token is needed, only that the form is ours. */
  readonly isOpen?: boolean
}

/** What a handler throws if there is no such thing. */
export function notFound(): Error {
  return Object.assign(new Error('not found'), { status: 404 })
}
