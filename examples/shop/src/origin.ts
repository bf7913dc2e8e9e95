/**
 * Whether a form was sent from a page of this shop, or by no browser at all: browsers say one of the two.
 * `Sec-Fetch-Site`: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function isFromHere(header: (name: string) => string | undefined, isProxied: boolean): boolean {
  const site = header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  const origin = header('origin')
  if (origin === undefined) return true
  const host = (isProxied ? header('x-forwarded-host') : undefined) ?? header('host')
  return URL.canParse(origin) && new URL(origin).host === host
}
