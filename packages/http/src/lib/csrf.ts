import type { Session } from '@transient/core'
import { misuse } from '@transient/core/store'
import { createOriginCheck, type OriginOptions, type OriginProblem } from './own-origin.ts'
import type { RequestReader } from './request-reader.ts'

/** Options of the checks against cross-site request forgery that are the same for all front ends. */
export interface CsrfOptions<Request> extends OriginOptions {
  /** The header that carries the token, for scripts. Default: `'x-csrf-token'`. */
  readonly header?: string | undefined
  /** The form field that carries it where the header is absent. Default: `'_csrf'`. */
  readonly field?: string | undefined
  /** Requests that are let through unchecked: those of machines that come without a cookie, for instance. Default: none. */
  readonly skip?: ((request: Request) => boolean) | undefined
  /** `'answer'`: a page, JSON or text of status 403. `'throw'`: an error with `status` 403 and `code` `'csrf'` for the framework's error handling. Default: `'answer'`. */
  readonly onFailure?: 'answer' | 'throw' | undefined
}

/** Why a request was refused. */
export type CsrfProblem = OriginProblem | 'no-token' | 'wrong-token'

/** The checks, over the requests of one framework. */
export interface CsrfGuard<Request> {
  readonly onFailure: 'answer' | 'throw'
  /** Whether the request needs no check: it changes nothing (GET, HEAD, OPTIONS, TRACE), or is one to skip. */
  isExempt(request: Request, method: string | undefined): boolean
  /**
   * What is wrong, or `undefined`. First where the request comes from, then the token: of the header if there is one, right or wrong, else of the form
   * field, asked for only then; never of the URL. Loads the session only if the token is not of the id that came with the request.
   */
  check<Data extends object, Message>(
    request: Request,
    session: Session<Data, Message>,
    form: () => unknown,
  ): Promise<CsrfProblem | undefined>
}

// https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** For those who write a front end. Impossible options are a `TypeError` here. */
export function createCsrfGuard<Request>(
  options: CsrfOptions<Request>,
  reader: RequestReader<Request>,
): CsrfGuard<Request> {
  const { header = 'x-csrf-token', field = '_csrf', skip, onFailure = 'answer' } = options
  if (typeof header !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(header))
    throw misuse(new TypeError('header must be the name of a header'))
  if (typeof field !== 'string' || field === '') throw misuse(new TypeError('field must be the name of a form field'))
  if (skip !== undefined && typeof skip !== 'function') throw misuse(new TypeError('skip must be a function'))
  if (onFailure !== 'answer' && onFailure !== 'throw')
    throw misuse(new TypeError("onFailure must be 'answer' or 'throw'"))
  const originProblem = createOriginCheck(options, reader)
  const headerName = header.toLowerCase()

  return {
    onFailure,
    isExempt: (request, method) => safeMethods.has(method ?? '') || skip?.(request) === true,
    check: async (request, session, form) => {
      const problem = originProblem(request)
      if (problem !== undefined) return problem
      const token = reader.header(request, headerName) ?? fieldOf(await form(), field)
      if (token === undefined) return 'no-token'
      if (session.verifyCsrfToken(token)) return undefined
      if (session.isLoaded) return 'wrong-token'
      // The id that came may lead to a newer one, as after a renewal in another tab.
      await session.load()
      return session.verifyCsrfToken(token) ? undefined : 'wrong-token'
    },
  }
}

function fieldOf(form: unknown, field: string): string | undefined {
  if (typeof form !== 'object' || form === null || !Object.hasOwn(form, field)) return undefined
  const value = (form as Record<string, unknown>)[field]
  return typeof value === 'string' ? value : undefined
}
