import type { Counter, Milliseconds, TransientErrorCode } from '@transient/core/store'

// What the replies of Redis mean to the verbs. Integers come as text from a client with stringNumbers: hence Number().

export function nothing(): void {}

export function asIs(reply: unknown): unknown {
  return reply
}

export function value(reply: unknown): Uint8Array | undefined {
  return reply === null ? undefined : (reply as Buffer)
}

export function values(reply: unknown): (Uint8Array | undefined)[] {
  return (reply as unknown[]).map(value)
}

export function count(reply: unknown): number {
  return Number(reply)
}

/** 1 or OK against 0 or nil. */
export function done(reply: unknown): boolean {
  return reply !== null && (Buffer.isBuffer(reply) || Number(reply) === 1)
}

/** PTTL says -2 for an absent key and -1 for one without expiry; in its last millisecond a key has 0 left and is still there. The parser of ioredis rounds the very longest expiry up. */
export function timeLeft(reply: unknown): Milliseconds | undefined {
  const left = Number(reply)
  if (left === -2) return undefined
  return left === -1 ? Number.POSITIVE_INFINITY : Math.min(Math.max(left, 1), Number.MAX_SAFE_INTEGER)
}

/** What the increment script returns: the counter and its PTTL, or the reason why it did nothing. */
export function counter(reply: unknown): Counter | TransientErrorCode {
  if (!Array.isArray(reply)) return String(reply) as TransientErrorCode
  return { value: Number(String(reply[0])), ttl: timeLeft(reply[1]) ?? 1 }
}
