import type { CacheCounts } from './cache.ts'

/** The counts of one cache or namespace, by the name under which they are to be told. */
export type NamedCounts = Readonly<Record<string, { readonly counts: CacheCounts }>>

const help: Record<keyof CacheCounts, string> = {
  hits: 'Fresh values handed out.',
  staleHits: 'Stale values handed out.',
  misses: 'Calls that found no value.',
  loads: 'Calls of loaders.',
  loadErrors: 'Calls of loaders that failed.',
  waits: 'Calls that waited for the load of another process.',
  evictions: 'Values pushed out of the near cache.',
  storeErrors: 'Calls answered without the store.',
}

/**
 * The counts of caches as OpenMetrics text, for Prometheus and others: one counter for each kind of count, with the name as the label `cache`. Serve it as
 * `application/openmetrics-text; version=1.0.0; charset=utf-8`. https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 *
 * ```ts
 * import { cacheMetrics, createCache } from '@transient/core'
 * import { createMemoryStore } from '@transient/memory'
 *
 * const products = createCache(createMemoryStore())
 * cacheMetrics({ products }) // … transient_cache_hits_total{cache="products"} 0 …
 * ```
 */
export function cacheMetrics(caches: NamedCounts): string {
  const lines: string[] = []
  for (const name of Object.keys(help) as (keyof CacheCounts)[]) {
    const metric = `transient_cache_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
    lines.push(`# TYPE ${metric} counter`, `# HELP ${metric} ${help[name]}`)
    for (const [label, { counts }] of Object.entries(caches))
      lines.push(`${metric}_total{cache="${escaped(label)}"} ${counts[name]}`)
  }
  return `${lines.join('\n')}\n# EOF\n`
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
