/**
 * Whether a form was sent from a page of this shop, or by no browser at all: browsers say one of the two.
 * Where no token is asked for this is all that protects: `SameSite=Lax` keeps the cookie off a form of another site, so that everybody looks like a visitor
 * without a session there, and a session begun in answer would take the place of their own.
 * `isProxied`: visitors come by https, through a proxy that says to which host. `Sec-Fetch-Site`: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function isFromHere(header: (name: string) => string | undefined, isProxied: boolean): boolean {
  const site = header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  const origin = header('origin')
  if (origin === undefined) return true
  const host = (isProxied ? header('x-forwarded-host') : undefined) ?? header('host')
  if (!URL.canParse(origin)) return false
  const page = new URL(origin)
  // Where visitors come by https, a page that came by plain http is anybody's on the way.
  return page.host === host && (page.protocol === 'https:' || !isProxied)
}
