/** One browser: keeps cookies, follows redirects, and sends forms as they were on the last page. */
export interface Visitor {
  readonly cookies: Map<string, string>
  /** What the forms of the last page held, to be sent along. */
  token: string | undefined
  get(path: string): Promise<Page>
  post(path: string, form?: Record<string, string>): Promise<Page>
  /** By the form. */
  logIn(name?: string, password?: string, more?: Record<string, string>): Promise<Page>
}

export interface Page {
  readonly status: number
  /** Where redirects have led to. */
  readonly path: string
  readonly headers: Headers
  /** The markup, without line breaks between elements. */
  readonly html: string
  /** What can be read on it. */
  readonly text: string
}

export function createVisitor(origin: string, headers: Record<string, string> = {}): Visitor {
  const cookies = new Map<string, string>()

  async function ask(path: string, body?: URLSearchParams): Promise<Page> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const method = body === undefined ? 'GET' : 'POST'
    const response = await fetch(origin + path, {
      method,
      redirect: 'manual',
      headers: { ...headers, cookie },
      ...(body && { body }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/; Max-Age=0;/.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location')
    const html = await response.text()
    if (response.status === 303 && location !== null) return ask(location)
    visitor.token = /name="_csrf" value="([^"]+)"/.exec(html)?.[1]
    const text = html
      .replace(/<[^>]*>/gs, ' ')
      .replace(/\s+/g, ' ')
      .trim()
    return { status: response.status, path, headers: response.headers, html, text }
  }

  const visitor: Visitor = {
    cookies,
    token: undefined,
    get: (path) => ask(path),
    post: (path, form = {}) => {
      const { token } = visitor
      return ask(path, new URLSearchParams(token === undefined ? form : { _csrf: token, ...form }))
    },
    logIn: async (name = 'asa', password = 'blåsippa', more = {}) => {
      await ask('/login')
      return visitor.post('/login', { name, password, ...more })
    },
  }
  return visitor
}
