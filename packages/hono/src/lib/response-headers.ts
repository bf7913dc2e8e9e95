import type { HeaderAccess } from '@transient/http'
import type { Context } from 'hono'

/** A context, as far as its response goes. */
interface Answering {
  get res(): Response
  set res(response: Response | undefined)
}

/** The headers of the response that a context has by now. */
export const contextHeaders: HeaderAccess<Answering> = {
  get: (c, name) => c.res.headers.get(name),
  set: (c, name, value) => change(c, (headers) => headers.set(name, value)),
  getCookies: (c) => c.res.headers.getSetCookie(),
  setCookies: (c, lines) =>
    change(c, (headers) => {
      headers.delete('set-cookie')
      for (const line of lines) headers.append('set-cookie', line)
    }),
}

/** The headers of a response that was made with ours: only the cookie may have to be added. */
export const madeHeaders: HeaderAccess<Answering> = { ...contextHeaders, get: () => '*' }

function change(c: Answering, apply: (headers: Headers) => void): void {
  try {
    apply(c.res.headers)
  } catch {
    // Those of a fetched or redirecting response cannot be changed. The copy is made by hand, because the one that c.header() makes is made each time.
    const { res } = c
    c.res = undefined
    c.res = new Response(res.body, res)
    apply(c.res.headers)
  }
}

/**
 * Remembers the headers that earlier middleware has set. The function that it returns puts a response with those, and nothing else, in place of
 * what the handler made, so that the error page grows on it.
 */
export function rememberHeaders(c: Context): () => void {
  const { header } = c
  let start: Headers | undefined
  // Reading them costs a response, so they are read when they are about to change.
  c.header = (name, value, options) => {
    if (!c.finalized) start ??= new Headers(c.newResponse(null).headers)
    header(name, value, options)
  }
  return () => {
    c.res = undefined
    c.res = new Response(null, { headers: start ?? c.newResponse(null).headers })
    c.status(200)
  }
}
