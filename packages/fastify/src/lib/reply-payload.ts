interface Stream {
  pipe: unknown
  on(event: 'error', listener: () => void): unknown
  destroy?(): unknown
}

interface WebStream {
  cancel(): Promise<void>
}

/**
 * A stream may fail while the session is being stored, and nobody listens to it yet: to Node.js that is an uncaught error. Fastify finds the stream
 * failed when it gets to it.
 */
export function keepFromCrashing(payload: unknown): void {
  if (isStream(payload)) payload.on('error', () => {})
}

/** Frees what a reply that does not leave would have read. */
export function dropPayload(payload: unknown): void {
  if (isStream(payload)) payload.destroy?.()
  else if (isWebStream(payload)) cancel(payload)
  else if (payload instanceof Response && payload.body !== null) cancel(payload.body)
}

function cancel(stream: WebStream): void {
  // A stream that somebody reads already is theirs to end.
  stream.cancel().catch(() => {})
}

function isStream(payload: unknown): payload is Stream {
  return typeof payload === 'object' && payload !== null && 'pipe' in payload && typeof payload.pipe === 'function'
}

function isWebStream(payload: unknown): payload is WebStream {
  return typeof payload === 'object' && payload !== null && 'getReader' in payload && 'cancel' in payload
}
