/**
 * How many prefixes a server is asked to look for: it compares every key that is written with every one of them, so
 * more are replaced by fewer and shorter ones, and what is reported too much is dropped here.
 */
const fewest = 16

/** Whether every key that begins with `prefix` begins with one of `cover`. */
export function isCovered(prefix: string, cover: readonly string[]): boolean {
  return cover.some((one) => prefix.startsWith(one))
}

/** Prefixes of which none begins with another (a server refuses those), and which together cover all that are given: exactly, unless they are more than `limit`. */
export function coverOf(prefixes: Iterable<string>, limit: number): readonly string[] {
  const exact = withoutLonger([...prefixes])
  return exact.length <= limit ? exact : withoutLonger(merged(exact))
}

/** In order; what begins with a prefix follows it there. */
function withoutLonger(prefixes: string[]): string[] {
  const kept: string[] = []
  for (const prefix of prefixes.sort()) {
    const last = kept.at(-1)
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix)
  }
  return kept
}

/** At most `fewest` groups of neighbours, cut where neighbours have least in common, each as what it has in common. */
function merged(sorted: readonly string[]): string[] {
  const shared = sorted.map((prefix, index) => commonPrefix(sorted[index - 1] ?? '', prefix).length)
  const cuts = [...shared.keys()].slice(1).sort((a, b) => (shared[a] as number) - (shared[b] as number))
  const starts = [0, ...cuts.slice(0, fewest - 1)].sort((a, b) => a - b)
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? sorted.length
    return commonPrefix(sorted[start] as string, sorted[end - 1] as string)
  })
}

function commonPrefix(a: string, b: string): string {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  // Half a character has no bytes to compare.
  return /[\ud800-\udbff]$/.test(a.slice(0, length)) ? a.slice(0, length - 1) : a.slice(0, length)
}
