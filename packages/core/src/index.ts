export type {
  BatchLoader,
  Cache,
  CacheCounts,
  CachedFunction,
  CachedOptions,
  CacheKey,
  CacheLifetime,
  CacheOptions,
  CacheSetOptions,
  CacheShape,
  GetOrSetOptions,
  LoadContext,
  Loader,
} from './lib/cache/cache.ts'
export type {
  CacheEvent,
  CacheLoad,
  CacheLoadError,
  CacheMisfit,
  CacheNearTrouble,
  CacheStoreError,
} from './lib/cache/cache-events.ts'
export { cacheMetrics, type NamedCounts } from './lib/cache/cache-metrics.ts'
export { createCache } from './lib/cache/create-cache.ts'
export type { NearOptions } from './lib/cache/near-values.ts'
export { bytes } from './lib/codec/bytes.ts'
export type { Codec } from './lib/codec/codec.ts'
export { type CompressedOptions, type CompressionMethod, compressed } from './lib/codec/compressed.ts'
export { type EncryptionKey, encrypted } from './lib/codec/encrypted.ts'
export { json } from './lib/codec/json.ts'
export { number } from './lib/codec/number.ts'
export { utf8 } from './lib/codec/utf8.ts'
export type { StandardIssue, StandardResult, StandardSchemaV1 } from './lib/schema/standard-schema.ts'
export type {
  FlashKind,
  FlashMessage,
  FlashOptions,
  LoadOptions,
  LoginOptions,
  LogoutOptions,
  OpenOptions,
  RenewOptions,
  Session,
  SessionAttributes,
  SessionEnd,
  SessionLifetime,
} from './lib/session/session.ts'
export type {
  SessionEnded,
  SessionEvent,
  SessionFailure,
  SessionInvalid,
  SessionLogin,
  SessionProblem,
  SessionRefused,
  SessionRenewed,
} from './lib/session/session-events.ts'
export type { Migrate } from './lib/session/session-migration.ts'
export {
  createSessionStore,
  type SessionSchemaOption,
  type SessionStore,
  type SessionStoreOptions,
} from './lib/session/session-store.ts'
export type {
  RevokeOptions,
  SessionEndListener,
  SessionWatchOptions,
  UserSession,
  UserSessionsOptions,
} from './lib/session/user-sessions.ts'
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
