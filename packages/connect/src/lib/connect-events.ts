import { createHash } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'

/** What is published on `transient:connect:corrupt`: the SHA-256 of a session's id, in base64url. Nothing of its content. */
export interface ConnectProblem {
  readonly id: string
}

// Who reads ids reads sessions, so they are published as hashes.
const corruptChannel = channel('transient:connect:corrupt')

/** Tells that what is stored of a session is damaged. */
export function reportCorrupt(sid: string): void {
  if (!corruptChannel.hasSubscribers) return
  const problem: ConnectProblem = { id: createHash('sha256').update(sid).digest('base64url') }
  corruptChannel.publish(problem)
}
