import type { Milliseconds } from '@transient/core/store'

/** The expiry arguments of SET. */
export function setExpiry(ttl: Milliseconds | 'keep'): string[] {
  if (ttl === 'keep') return ['KEEPTTL']
  return ttl === Number.POSITIVE_INFINITY ? [] : ['PX', String(ttl)]
}

/** The expiry arguments of GETEX. */
export function getExpiry(ttl: Milliseconds): string[] {
  return ttl === Number.POSITIVE_INFINITY ? ['PERSIST'] : ['PX', String(ttl)]
}
