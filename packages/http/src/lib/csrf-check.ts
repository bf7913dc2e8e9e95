import type { Session } from '@transient/core'
import { misuse } from '@transient/core/store'
import { type CsrfOptions, createCsrfGuard } from './csrf.ts'
import { csrfError, csrfRefusal } from './csrf-refusal.ts'
import { type TrustProxy, webRequestReader } from './request-reader.ts'

/** Options of {@link createCsrfCheck}. */
export interface CsrfCheckOptions extends CsrfOptions<Request> {
  /** Whether to believe what a proxy says about the visitor's connection, and the host. Default: `false`. */
  readonly trustProxy?: TrustProxy<Request> | undefined
  /** A form that is longer is not looked into; its token has to be in the header. In bytes. Default: 1048576, a mebibyte. */
  readonly maxFormSize?: number | undefined
}

const formTypes = /^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data)\s*(?:;|$)/i

/**
 * Makes the check against cross-site request forgery for web-standard requests. It gives the response to send in place of the handler's, or
 * `undefined` if all is well. The form is read from a copy, so the handler can still read it; it has to be asked before the handler reads.
 *
 * ```ts
 * import { createSessionStore } from '@transient/core'
 * import { createCsrfCheck, createSessionHandler } from '@transient/http'
 * import { createMemoryStore } from '@transient/memory'
 *
 * const sessions = createSessionStore<{ name: string }>(createMemoryStore(), {
 *   secrets: 'a text of at least thirty-two characters',
 * })
 * const csrf = createCsrfCheck()
 *
 * export const POST = createSessionHandler(sessions)(async (request, session) => {
 *   const refusal = await csrf(request, session)
 *   if (refusal !== undefined) return refusal
 *   const form = await request.formData()
 *   session.data.name = String(form.get('name'))
 *   return Response.redirect('https://shop.example/', 303)
 * })
 * ```
 */
export function createCsrfCheck(
  options: CsrfCheckOptions = {},
): <Data extends object, Message>(request: Request, session: Session<Data, Message>) => Promise<Response | undefined> {
  const { field = '_csrf', maxFormSize = 1_048_576 } = options
  if (!Number.isSafeInteger(maxFormSize) || maxFormSize < 0)
    throw misuse(new RangeError('maxFormSize must be a whole number of bytes'))
  const guard = createCsrfGuard(options, webRequestReader(options.trustProxy))

  return async (request, session) => {
    if (guard.isExempt(request, request.method)) return undefined
    const problem = await guard.check(request, session, () => formOf(request, field, maxFormSize))
    if (problem === undefined) return undefined
    if (guard.onFailure === 'throw') throw csrfError(problem)
    const { status, headers, body } = csrfRefusal(request.headers.get('accept'))
    return new Response(body, { status, headers })
  }
}

/** The one field, if the request has a form with it that is not too long; a form that cannot be read has none. */
async function formOf(request: Request, field: string, maxSize: number): Promise<Record<string, unknown> | undefined> {
  const type = request.headers.get('content-type') ?? ''
  if (!formTypes.test(type) || Number(request.headers.get('content-length') ?? 0) > maxSize) return undefined
  if (request.bodyUsed) throw new TypeError('the form was read already: check it first, then read it')
  const bytes = await readBytes(request.clone().body, maxSize)
  if (bytes === undefined) return undefined
  try {
    const values = (await new Response(bytes, { headers: { 'content-type': type } }).formData()).getAll(field)
    // Said twice it is nobody's word.
    return values.length === 1 ? { [field]: values[0] } : undefined
  } catch {
    return undefined
  }
}

/** Not more than the given size, whatever the length was said to be. */
async function readBytes(stream: ReadableStream<Uint8Array> | null, maxSize: number): Promise<Blob | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for (const reader = stream?.getReader(); reader !== undefined; ) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > maxSize) {
      // Not waited for: a branch of a copied stream is over when both are.
      void reader.cancel().catch(() => {})
      return undefined
    }
    chunks.push(value as Uint8Array<ArrayBuffer>)
  }
  return new Blob(chunks)
}
