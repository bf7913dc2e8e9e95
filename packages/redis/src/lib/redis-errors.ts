import type { TransientErrorCode } from '@transient/core/store'

// Redis puts a code in front of its error replies: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors
const codes: Readonly<Record<string, TransientErrorCode>> = {
  READONLY: 'read-only',
  NOREPLICAS: 'read-only',
  MISCONF: 'read-only',
  OOM: 'full',
  NOAUTH: 'denied',
  WRONGPASS: 'denied',
  NOPERM: 'denied',
  WRONGTYPE: 'wrong-type',
  LOADING: 'unavailable',
  BUSY: 'unavailable',
  CLUSTERDOWN: 'unavailable',
  MASTERDOWN: 'unavailable',
  TRYAGAIN: 'unavailable',
  CROSSSLOT: 'unsupported',
}

// Replies that have no code of their own, and what ioredis says when it could not send a command or lost its answer.
const sentences: readonly (readonly [RegExp, TransientErrorCode])[] = [
  [/^ERR unknown (sub)?command/i, 'unsupported'],
  [/^ERR max number of clients reached/, 'unavailable'],
  [/^ERR (invalid password|AUTH )/, 'denied'],
  [/^Command timed out/, 'timeout'],
  [/^Connection is closed|^Stream isn't writeable|^Command aborted|^Socket timeout/, 'unavailable'],
  // Something other than Redis listens there: ioredis cannot parse what it says, and drops the connection.
  [/\. Please report this\.$/, 'unavailable'],
]

const lostConnections = new Set(['MaxRetriesPerRequestError', 'AbortError', 'ClusterAllFailedError'])

/** The code in front of an error reply, for example `READONLY`; `undefined` if the error is no such reply. */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  // Redis 6.2 wraps what a command inside a script said: "ERR Error running script (…): @user_script:1: WRONGTYPE Operation …"
  const wrapped = /@user_script: ?\d+: -?([A-Z]+) /.exec(error.message)?.[1]
  return wrapped ?? /^[A-Z]+(?= )/.exec(error.message)?.[0]
}

/** What an error of the client or a reply of the server means to a caller of the store. */
export function errorCode(error: unknown): TransientErrorCode {
  if (!(error instanceof Error)) return 'unknown'
  const reply = replyCode(error)
  if (reply !== undefined && Object.hasOwn(codes, reply)) return codes[reply] as TransientErrorCode
  for (const [pattern, code] of sentences) if (pattern.test(error.message)) return code
  if (lostConnections.has(error.name)) return 'unavailable'
  // Errors of sockets, name lookups and TLS come from Node, with a code: ECONNREFUSED, ENOTFOUND, ERR_TLS_…, CERT_HAS_EXPIRED
  return typeof (error as NodeJS.ErrnoException).code === 'string' ? 'unavailable' : 'unknown'
}

/** Whether ioredis turned a command away without writing it (`enableOfflineQueue: false`). */
export function wasRefused(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Stream isn't writeable")
}

/**
 * Takes off an error what ioredis hangs on it: the arguments of the command, and the bytes that it could not parse. Keys and
 * values, sessions among them, do not belong into the logs that errors end in.
 */
export function withoutContents(error: unknown): unknown {
  const details = error as { command?: { args?: unknown }; buffer?: unknown } | null | undefined
  if (details?.command?.args !== undefined) details.command.args = []
  if (details?.buffer !== undefined) details.buffer = undefined
  return error
}
