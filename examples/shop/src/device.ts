// In this order: most browsers also claim to be those further down.
const browsers = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['FxiOS', 'Firefox'],
  ['Headless', 'Chromium'],
  ['Chrome', 'Chrome'],
  ['CriOS', 'Chrome'],
  ['Safari', 'Safari'],
  ['curl', 'curl'],
] as const

const systems = [
  ['iPhone', 'an iPhone'],
  ['iPad', 'an iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Macintosh', 'a Mac'],
  ['CrOS', 'a Chromebook'],
  ['Linux', 'Linux'],
] as const

/** A browser's `User-Agent` in the words of the device list: `Firefox on Linux`. A guess, for people; nothing hangs on it. */
export function deviceOf(userAgent = ''): string {
  const find = (names: readonly (readonly [string, string])[]) => names.find(([sign]) => userAgent.includes(sign))?.[1]
  const browser = find(browsers) ?? 'A browser'
  const system = find(systems)
  return system === undefined ? browser : `${browser} on ${system}`
}
