import type { Milliseconds } from '../store/transient-store.ts'
import type { FieldValidator } from './session-data.ts'
import type { SessionKeyspace } from './session-keyspace.ts'
import type { SessionWriter } from './session-writer.ts'
import type { KeyRing } from './token.ts'
import type { TouchIsDue } from './touch-memory.ts'
import type { UserIndexes } from './user-index.ts'

/** What all sessions of one store share. */
export interface SessionContext {
  readonly keyspace: SessionKeyspace
  readonly ring: KeyRing
  readonly writer: SessionWriter
  readonly users: UserIndexes
  /** How the fields are to be seen, if there is a schema. */
  readonly validate: FieldValidator | undefined
  readonly touchIsDue: TouchIsDue
  readonly idle: Milliseconds
  readonly absolute: Milliseconds
  readonly grace: Milliseconds
  readonly deadline: Milliseconds
  readonly mostSessionsPerUser: number
  readonly now: () => Milliseconds
}
