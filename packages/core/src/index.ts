export { bytes } from './lib/codec/bytes.ts'
export type { Codec } from './lib/codec/codec.ts'
export { json } from './lib/codec/json.ts'
export { number } from './lib/codec/number.ts'
export { utf8 } from './lib/codec/utf8.ts'
export type { RenewOptions, Session, SessionEnd } from './lib/session/session.ts'
export type { SessionProblem } from './lib/session/session-events.ts'
export { createSessionStore, type SessionStore, type SessionStoreOptions } from './lib/session/session-store.ts'
export type { Decorated } from './lib/store/decorate-store.ts'
export { type Duration, parseDuration } from './lib/store/duration.ts'
export {
  isTransientError,
  TransientError,
  type TransientErrorCode,
  type TransientErrorDetails,
} from './lib/store/errors.ts'
export {
  type CompareAndSetOptions,
  type Counter,
  type GetOptions,
  type InspectableStore,
  isInspectable,
  isWatchable,
  type Milliseconds,
  type StoreChange,
  type StoreEntry,
  type TransientStore,
  type WatchableStore,
} from './lib/store/transient-store.ts'
export { withDeadline } from './lib/store/with-deadline.ts'
export { withPrefix } from './lib/store/with-prefix.ts'
