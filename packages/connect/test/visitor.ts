/** What a visitor sees of an answer. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly cookies: readonly string[]
}

/** A browser that keeps cookies of any name and knows nothing else. */
export function createVisitor(origin: string, jar: Map<string, string> = new Map()) {
  async function send(method: string, path: string): Promise<Answer> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(`${origin}${path}`, { method, headers: { cookie }, redirect: 'manual' })
    const cookies = response.headers.getSetCookie()
    for (const line of cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /expires=thu, 01 jan 1970|max-age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text, cookies }
  }
  return {
    jar,
    origin,
    get: (path: string) => send('GET', path),
    post: (path: string) => send('POST', path),
    /** Another tab of the same browser, with the cookies of this moment. */
    tab: () => createVisitor(origin, new Map(jar)),
    /** The same browser at another site, which has taken the place of the first. */
    at: (other: string) => createVisitor(other, jar),
  }
}
