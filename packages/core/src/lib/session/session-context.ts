import type { Milliseconds } from '../store/transient-store.ts'
import type { SessionKeyspace } from './session-keyspace.ts'
import type { SessionWriter } from './session-writer.ts'
import type { KeyRing } from './token.ts'

/** What all sessions of one store share. */
export interface SessionContext {
  readonly keyspace: SessionKeyspace
  readonly ring: KeyRing
  readonly writer: SessionWriter
  readonly idle: Milliseconds
  readonly absolute: Milliseconds
  readonly grace: Milliseconds
  readonly deadline: Milliseconds
  readonly now: () => Milliseconds
}
