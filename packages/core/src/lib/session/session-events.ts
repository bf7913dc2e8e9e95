import { channel } from 'node:diagnostics_channel'

/**
 * What is published on `node:diagnostics_channel`: nothing of a session's content, and of its id only the hash under which the store knows it.
 */
export interface SessionProblem {
  readonly id: string
  /** For one damaged field among sound ones: its name. */
  readonly field?: string
}

/** `transient:session:corrupt`: what was stored is damaged; it is replaced by the next write. */
export const corruptChannel = channel('transient:session:corrupt')

/** `transient:session:unreadable`: what is stored is of a release that this one does not know; it is left untouched. */
export const unreadableChannel = channel('transient:session:unreadable')
